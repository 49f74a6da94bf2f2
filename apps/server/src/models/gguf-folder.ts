import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { errorCode } from './error-code.js'
import { parseModelName, shortName } from './model-name.js'
import type { StoredModel } from './stored-model.js'

/** Folders in folders, as model managers make them: publisher/repository/file. */
const MOST_DEPTH = 4

/** `name-00001-of-00003.gguf`: one part of a model split over several files. */
const PART = /^(?<stem>.+)-(?<number>\d{5})-of-(?<count>\d{5})$/

/** A quantization at the end of a file's name, which becomes the tag: `.Q4_K_M`, `-f16`, `_IQ2_XS`. */
const QUANTIZATION = /^(?<model>.+?)[-._](?<tag>(?:UD-)?I?Q\d\w*|BF16|F16|F32|MXFP4\w*|TQ\d_\d)$/i

interface GgufFile {
  readonly path: string
  readonly bytes: number
  readonly modifiedMs: number
}

interface Found {
  readonly stem: string
  /** Index 0 is part 1; a file that is whole is its own only part. */
  readonly parts: (GgufFile | undefined)[]
}

/** What a folder of plain GGUF files holds, and what in it cannot be used and why. */
export interface FolderContents {
  readonly models: readonly StoredModel[]
  readonly problems: readonly string[]
}

/**
 * Reads a folder of plain `.gguf` files, and folders in it. The name comes from the file's:
 * `SmolLM2-135M-Instruct.Q4_1.gguf` is `smollm2-135m-instruct:q4_1`. The parts of a split file are one model.
 * A folder that is not there is empty.
 */
export async function readGgufFolder(folder: string): Promise<FolderContents> {
  const models: StoredModel[] = []
  const problems: string[] = []
  for (const { stem, parts } of (await collect(folder)).values()) {
    const whole = parts.filter((part) => part !== undefined)
    const [first, ...others] = whole
    if (first === undefined || whole.length < parts.length) {
      const missing = parts.findIndex((part) => part === undefined) + 1
      problems.push(
        `${join(folder, stem)}.gguf is split into ${parts.length} files, and part ${missing} is missing`,
      )
      continue
    }
    const name = modelNameOf(stem)
    if (name === undefined) continue // a multimodal projector, which is no model by itself
    models.push({
      name,
      digest: digestOf(whole),
      files: [first.path, ...others.map((part) => part.path)],
      bytes: whole.reduce((sum, part) => sum + part.bytes, 0),
      modifiedAt: new Date(Math.max(...whole.map((part) => part.modifiedMs))),
      source: 'folder',
      adapters: [],
      projectors: [],
      parameters: {},
      messages: [],
      licenses: [],
      facts: { format: 'gguf' },
    })
  }
  return { models, problems }
}

/** The name for a file's name without `.gguf`; undefined for a file that is no model by itself. */
function modelNameOf(stem: string): string | undefined {
  if (/(^|[-._])mmproj([-._]|$)/i.test(stem)) return undefined
  const groups = QUANTIZATION.exec(stem)?.groups
  const model = clean(groups?.['model'] ?? stem)
  if (model === '') return undefined
  return shortName(parseModelName(`${model}:${clean(groups?.['tag'] ?? '') || 'latest'}`))
}

function clean(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.-]+/g, '-')
    .replace(/^[^a-z0-9_]+/, '')
    .slice(0, 80)
}

async function collect(folder: string): Promise<Map<string, Found>> {
  const found = new Map<string, Found>()
  for (const path of await ggufPaths(folder)) {
    const info = await stat(path).catch(() => undefined)
    if (!info?.isFile()) continue
    const file: GgufFile = { path, bytes: info.size, modifiedMs: info.mtimeMs }
    const stem = path.slice(path.lastIndexOf(sep) + 1, -'.gguf'.length)
    const groups = PART.exec(stem)?.groups
    if (groups === undefined) {
      found.set(relative(folder, path), { stem, parts: [file] })
      continue
    }
    const { stem: base = '', number = '', count = '' } = groups
    const total = Number(count)
    const at = Number(number) - 1
    if (at < 0 || at >= total) continue
    const key = join(relative(folder, path), '..', `${base} of ${count}`)
    const split = found.get(key) ?? { stem: base, parts: Array<GgufFile | undefined>(total).fill(undefined) }
    split.parts[at] = file
    found.set(key, split)
  }
  return found
}

async function ggufPaths(folder: string, depth = 0): Promise<string[]> {
  let listed
  try {
    listed = await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error) ?? '')) return []
    throw error
  }
  const paths: string[] = []
  for (const entry of listed.toSorted((a, b) => a.name.localeCompare(b.name))) {
    if (entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (depth < MOST_DEPTH) paths.push(...(await ggufPaths(path, depth + 1)))
    } else if (entry.name.toLowerCase().endsWith('.gguf')) {
      paths.push(path)
    }
  }
  return paths
}

/** Hashing gigabytes at every start would cost minutes; place, size and time tell a changed file as well. */
function digestOf(files: readonly GgufFile[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file.path}\0${file.bytes}\0${file.modifiedMs}\0`)
  return hash.digest('hex')
}
