import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { constants, copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { GgufMetadata } from '@berth/budget'
import { readGgufMetadata, withFileLock } from '../../../apps/server/src/models/index.js'
import {
  DESCRIPTION_FILE,
  LIBRARIES,
  type WebModelDescription,
} from '../../../apps/server/src/web-models/index.js'
import { library, type KernelKind } from './library.js'
import { Environment, exists } from './python.js'
import { shapeOf, type Quantization, type Shape } from './shape.js'
import { keyOf } from './sources.js'
import { assertSupported } from './supported.js'
import { ToolError, UnsupportedModelError } from './tool-error.js'

/** What a model for the browser is made from, and how. */
export interface WebModelRequest {
  /** The GGUF's files: one, or all parts in their order. */
  readonly files: readonly [string, ...string[]]
  /** The name of its folder and in addresses: letters, digits, _ . - */
  readonly id: string
  /** For people; absent: what the file says of itself, else the id. */
  readonly name?: string
  /** The model's name in the store, so that it is known as the same; the id if left out. */
  readonly family?: string
  readonly quantization: Quantization
  readonly kernels: readonly KernelKind[]
  /** Tokens of context that a page loads it with where nothing else is said: at most what it was made for. */
  readonly context: number
  /** Where the server looks for models for browsers. */
  readonly folder: string
}

/** What was made, or was there already. */
interface BuiltWebModel {
  readonly folder: string
  readonly description: WebModelDescription
  /** Whether nothing had to be done. */
  readonly wasThere: boolean
}

const LIBRARY_FACTS = {
  software: { adapters: 'software', arithmetic: 'f32', requiredFeatures: [], prefillChunk: 32 },
  gpu: { adapters: 'gpu', arithmetic: 'f32', requiredFeatures: [], prefillChunk: 512 },
  'gpu-f16': { adapters: 'gpu', arithmetic: 'f16', requiredFeatures: ['shader-f16'], prefillChunk: 512 },
} as const satisfies Record<KernelKind, unknown>

/**
 * Makes a model for WebLLM from a GGUF, unless it is there and of the same file, settings and tool. May be
 * called from several processes at once.
 * @throws UnsupportedModelError before any work; NoPythonError; ToolError with a program's own words.
 */
export async function buildWebModel(
  request: WebModelRequest,
  report: (step: string) => void = () => {},
): Promise<BuiltWebModel> {
  const metadata = await readHead(request.files[0])
  const shape = shapeOf(metadata, request.quantization)
  const folder = join(request.folder, request.id)
  const madeFrom = await stampOf(request, shape)
  const before = await builtBefore(folder, madeFrom)
  if (before !== undefined) return { folder, description: before, wasThere: true }
  return await withFileLock(join(request.folder, `.${request.id}.lock`), async () => {
    const meanwhile = await builtBefore(folder, madeFrom)
    if (meanwhile !== undefined) return { folder, description: meanwhile, wasThere: true }
    const environment = await Environment.prepare(report)
    await removeLeftOvers(request)
    const aside = join(request.folder, `.${request.id}-${randomUUID()}`)
    await mkdir(aside, { recursive: true })
    try {
      // The runtime takes a minute of compiling where it is not there yet: weights are converted meanwhile.
      const compiled = compileAll(environment, request, shape, report)
      // What fails first is thrown; the other must not be left unhandled.
      compiled.catch(() => {})
      await convert(environment, request, metadata, shape, aside, report)
      const libraries = await compiled
      const description = await describe(request, metadata, shape, { aside, madeFrom, libraries })
      await writeFile(join(aside, DESCRIPTION_FILE), `${JSON.stringify(description, null, 2)}\n`)
      await rm(folder, { recursive: true, force: true })
      await rename(aside, folder)
      return { folder, description, wasThere: false }
    } finally {
      await rm(aside, { recursive: true, force: true })
    }
  })
}

/** What somebody who was ended in the middle left behind; the lock says that nobody else is at it. */
async function removeLeftOvers({ folder, id }: WebModelRequest): Promise<void> {
  const begun = new RegExp(`^\\.${id.replaceAll('.', '\\.')}-[0-9a-f-]{36}$`)
  for (const name of await readdir(folder)) {
    if (begun.test(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
}

async function readHead(path: string): Promise<GgufMetadata> {
  const metadata = await readGgufMetadata(path)
  try {
    assertSupported(metadata)
  } catch (error) {
    if (error instanceof UnsupportedModelError) {
      throw new UnsupportedModelError(`${basename(path)} cannot be built for the browser: ${error.message}`)
    }
    throw error
  }
  return metadata
}

/** Changes when the file, the settings or the tool do. */
async function stampOf(request: WebModelRequest, shape: Shape): Promise<string> {
  const files = await Promise.all(
    request.files.map(async (path) => {
      const { size, mtimeMs } = await stat(path)
      return [basename(path), size, mtimeMs]
    }),
  )
  const { id, quantization, context, kernels, name, family } = request
  const made = [files, id, quantization, context, kernels, name ?? null, family ?? null]
  return `${keyOf('files', made)}-${keyOf('library', shape)}`
}

async function builtBefore(folder: string, madeFrom: string): Promise<WebModelDescription | undefined> {
  const text = await readFile(join(folder, DESCRIPTION_FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const description: WebModelDescription = JSON.parse(text)
  if (description.madeFrom !== madeFrom) return undefined
  const paths = [
    ...description.files.map(({ name }) => join(folder, name)),
    ...description.libraries.map(({ name }) => join(folder, '..', LIBRARIES, name)),
  ]
  return (await Promise.all(paths.map(exists))).every(Boolean) ? description : undefined
}

async function compileAll(
  environment: Environment,
  { kernels, folder }: WebModelRequest,
  shape: Shape,
  report: (step: string) => void,
): Promise<WebModelDescription['libraries']> {
  const target = join(folder, LIBRARIES)
  await mkdir(target, { recursive: true })
  const described: WebModelDescription['libraries'] = []
  for (const kind of kernels) {
    const made = await library(environment, shape, kind, report)
    const place = join(target, basename(made))
    if (!(await exists(place))) {
      const aside = `${place}.${randomUUID()}`
      await copyFile(made, aside, constants.COPYFILE_FICLONE)
      await rename(aside, place)
    }
    described.push({
      ...(await fileFacts(target, basename(made))),
      ...LIBRARY_FACTS[kind],
      requiredFeatures: [...LIBRARY_FACTS[kind].requiredFeatures],
    })
  }
  return described
}

async function convert(
  environment: Environment,
  request: WebModelRequest,
  metadata: GgufMetadata,
  shape: Shape,
  out: string,
  report: (step: string) => void,
): Promise<void> {
  report(`Converting the weights to ${request.quantization}`)
  const context = Math.min(request.context, contextOf(metadata))
  const said = await environment.call(
    'convert',
    JSON.stringify({ files: request.files, shape, context, out }),
  )
  if (said.trim() !== '') report(said.trim())
}

const contextOf = ({ values }: GgufMetadata): number => Number(values['llama.context_length'] ?? 2048)

async function describe(
  request: WebModelRequest,
  metadata: GgufMetadata,
  shape: Shape,
  made: {
    readonly aside: string
    readonly madeFrom: string
    readonly libraries: WebModelDescription['libraries']
  },
): Promise<WebModelDescription> {
  const text = (key: string): string | undefined => {
    const value = metadata.values[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const names = (await readdir(made.aside)).toSorted()
  return {
    id: request.id,
    name: request.name ?? text('general.name') ?? request.id,
    family: request.family ?? request.id,
    architecture: 'llama',
    quantization: request.quantization,
    parameters: metadata.tensors.reduce((sum, { shape: sizes }) => sum + sizes.reduce((a, b) => a * b, 1), 0),
    contextLength: contextOf(metadata),
    layers: shape.layers,
    kvHeads: shape.kv_heads,
    headSize: shape.head_dim,
    hidden: shape.hidden,
    vocabulary: shape.vocab,
    license: text('general.license') ?? null,
    madeFrom: made.madeFrom,
    files: await Promise.all(names.map((name) => fileFacts(made.aside, name))),
    libraries: made.libraries,
  }
}

async function fileFacts(
  folder: string,
  name: string,
): Promise<{ name: string; bytes: number; sha256: string }> {
  const path = join(folder, name)
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return { name, bytes: (await stat(path)).size, sha256: hash.digest('hex') }
}

/** An id from any name: "SmolLM2:135m" in q4 is "smollm2-135m-q4". @throws ToolError when nothing is left of it */
export function idOf(name: string, quantization: Quantization): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
  if (plain === '' || plain === LIBRARIES)
    throw new ToolError(`No id can be made of the name ${JSON.stringify(name)}`)
  return `${plain}-${quantization}`
}
