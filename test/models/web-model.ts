import { basename, join } from 'node:path'
import {
  buildWebModel,
  findPython,
  idOf,
  NoPythonError,
  type KernelKind,
  type Quantization,
} from '../../tools/webllm-model/src/index.js'
import type { WebModelDescription } from '../../apps/server/src/web-models/index.js'
import { cacheFolder } from './cache.js'

/** Which model, and how to make it. */
interface WebModelWish {
  /** A GGUF: `await smollm2()`, or `await randomGguf({...})` for one that loads in a second or two. */
  readonly gguf: string
  readonly quantization?: Quantization
  /** Only `software` unless said otherwise: what runs where tests do. */
  readonly kernels?: readonly KernelKind[]
  readonly context?: number
}

/** A model for WebLLM, on the disk. */
export interface WebModel {
  /** Holds this and other tests' models: the server's `--web-models`. */
  readonly root: string
  readonly id: string
  /** Its own folder in `root`: mlc-chat-config.json, tokenizer.json, tensor-cache.json, params_shard_N.bin. */
  readonly folder: string
  /** The first library that was asked for. */
  readonly library: string
  readonly description: WebModelDescription
}

/** Where tests keep models for the browser. */
function webModelsRoot(): string {
  return join(cacheFolder(), 'web-models')
}

/**
 * Makes a model for WebLLM with the tool that users have, once, and keeps it. May be called from several
 * processes at once. The first of all costs minutes (compiler and runtime), another shape a few seconds.
 * @throws NoPythonError where python3 is missing: `whyNoWebModels` tells before.
 */
export async function webLlmModel(wish: WebModelWish): Promise<WebModel> {
  const quantization = wish.quantization ?? 'q4'
  const kernels = wish.kernels ?? ['software']
  const context = wish.context ?? 2048
  const root = webModelsRoot()
  const name = [basename(wish.gguf, '.gguf'), context, ...kernels].join('-')
  const { folder, description } = await buildWebModel({
    files: [wish.gguf],
    id: idOf(name, quantization),
    quantization,
    kernels,
    context,
    folder: root,
  })
  const [library] = description.libraries
  if (library === undefined) throw new Error('Expected `kernels` to name a library, got none')
  return { root, id: description.id, folder, library: join(root, 'libraries', library.name), description }
}

/** Why models for the browser cannot be made on this machine, to skip tests with; undefined where they can. */
export async function whyNoWebModels(): Promise<string | undefined> {
  try {
    await findPython()
    return undefined
  } catch (error) {
    if (error instanceof NoPythonError) return error.message
    throw error
  }
}
