import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BackendError } from '@berth/scheduler'
import { formatBytes } from '@berth/budget'
import { ModelStore, StoreError, storeFolders } from '../../../apps/server/src/models/index.js'
import { webModelsFolder } from '../../../apps/server/src/web-models/index.js'
import { buildWebModel, idOf, type WebModelRequest } from './build.js'
import { KERNEL_KINDS } from './library.js'
import { QUANTIZATIONS } from './shape.js'
import { ToolError } from './tool-error.js'

const USAGE = `npm run webllm-model -- MODEL [options]

Builds a model that chats in the browser (WebLLM on WebGPU) from a Llama GGUF. MODEL is a model of the store
(berth's, Ollama's or a GGUF folder's), or a .gguf file.

  --quantization ${QUANTIZATIONS.join('|')}   how weights are stored (q4)
  --kernels KINDS          libraries to compile, with commas: ${KERNEL_KINDS.join(', ')} (all)
  --context TOKENS         context length where a page says nothing else (4096)
  --id NAME                its name in addresses (from the model's name)
  --web-models FOLDER      where the server looks (BERTH_WEB_MODELS, or ~/.berth/web-models)
`

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args)
  if (values.help) return say(USAGE)
  const [model, ...more] = positionals
  if (model === undefined || more.length > 0) throw new ToolError(USAGE)
  const started = performance.now()
  const { folder, description, wasThere } = await buildWebModel(await requestFor(model, values), (step) =>
    say(`${step}\n`),
  )
  const bytes = description.files.reduce((sum, file) => sum + file.bytes, 0)
  const took = wasThere ? 'it was there already' : `${Math.round((performance.now() - started) / 1000)} s`
  say(
    `${description.id}: ${formatBytes(bytes)} in ${folder} (${took})\nThe server offers it at /web-models/\n`,
  )
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        quantization: { type: 'string', default: 'q4' },
        kernels: { type: 'string', default: KERNEL_KINDS.join(',') },
        context: { type: 'string', default: '4096' },
        id: { type: 'string' },
        'web-models': { type: 'string' },
      },
    })
  } catch (error) {
    throw new ToolError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  }
}

type Values = ReturnType<typeof parse>['values']

async function requestFor(model: string, values: Values): Promise<WebModelRequest> {
  const quantization = oneOf('--quantization', values.quantization, QUANTIZATIONS)
  const kernels = values.kernels.split(',').map((kind) => oneOf('--kernels', kind.trim(), KERNEL_KINDS))
  const context = Number(values.context)
  if (!Number.isSafeInteger(context) || context < 1) {
    throw new ToolError(`--context: expected a whole number of tokens, got ${JSON.stringify(values.context)}`)
  }
  const { own, folders } = stores()
  // npm runs scripts in the repository's folder; what the user names is named from where they are.
  const path = resolve(process.env['INIT_CWD'] ?? '.', model)
  const source =
    model.endsWith('.gguf') || existsSync(path) ? fromFile(path) : await fromStore(model, folders)
  return {
    ...source,
    id: values.id ?? idOf(source.family, quantization),
    quantization,
    kernels,
    context,
    folder: webModelsFolder(values['web-models'] ?? process.env['BERTH_WEB_MODELS'], own),
  }
}

function stores() {
  const folders = storeFolders({
    own: process.env['BERTH_MODELS'],
    ollama: process.env['OLLAMA_MODELS'],
    gguf: (process.env['BERTH_GGUF_FOLDERS'] ?? '').split(',').filter((folder) => folder.trim() !== ''),
  })
  return { own: folders.own, folders }
}

function fromFile(path: string): Pick<WebModelRequest, 'files' | 'family'> & { family: string } {
  if (!existsSync(path)) throw new ToolError(`${path}: there is no such file`)
  return { files: [path], family: basename(path).replace(/\.gguf$/i, '') }
}

async function fromStore(
  name: string,
  folders: ReturnType<typeof storeFolders>,
): Promise<Pick<WebModelRequest, 'files'> & { family: string }> {
  const store = new ModelStore(folders, (problem) => say(`${problem}\n`))
  try {
    const { files, name: family } = await store.get(name)
    return { files, family }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const names = (await store.list()).map((model) => model.name)
    const there = names.length === 0 ? 'no model is there' : `there are ${names.join(', ')}`
    throw new ToolError(`${error.message}; ${there}. A .gguf file will do as well.`)
  }
}

function oneOf<const Choice extends string>(flag: string, value: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  throw new ToolError(`${flag}: expected one of ${choices.join(', ')}, got ${JSON.stringify(value)}`)
}

function say(text: string): void {
  process.stdout.write(text)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof ToolError || error instanceof BackendError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
