import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { TOOL } from './places.js'

/** What of the tool each product is made by: it is made anew when that changes, and not when the rest does. */
const SOURCES = {
  environment: ['requirements.txt'],
  runtime: ['requirements.txt', 'runtime', 'webllm_model/runtime.py'],
  library: [
    'requirements.txt',
    'runtime',
    'webllm_model/kernels',
    ...['kv_cache', 'library', 'llama', 'matrix', 'quantize', 'runtime', 'shape', 'target'].map(
      (name) => `webllm_model/${name}.py`,
    ),
  ],
  files: [
    'requirements.txt',
    'pre-tokenizers.json',
    ...['chat_template', 'convert', 'gguf_file', 'quantize', 'rope', 'shape', 'tokenizer', 'weights'].map(
      (name) => `webllm_model/${name}.py`,
    ),
  ],
} as const

/**
 * A short name of a product: the same for the same sources and particulars.
 * @param particulars what else it depends on, as JSON has it
 */
export function keyOf(product: keyof typeof SOURCES, particulars: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(particulars))
  for (const source of SOURCES[product]) {
    for (const path of filesOf(join(TOOL, source))) {
      hash.update(`\0${relative(TOOL, path)}\0`).update(readFileSync(path))
    }
  }
  return hash.digest('hex').slice(0, 16)
}

function filesOf(path: string): readonly string[] {
  if (/\.\w+$/.test(path)) return [path]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}
