import type { Bytes } from '@berth/budget'
import { BackendError } from '@berth/scheduler'
import type { WeightFile } from '../storage/index.js'
import type { AdapterFacts } from './adapter.js'
import { fetchBytes } from './fetch-bytes.js'
import { chooseLibrary, filesAddress, type WebLlmLibrary, type WebLlmModel } from './model.js'
import { readConfig, readTensorCache, type ChatConfig, type TensorCache } from './model-files.js'
import { deleteStored, isStored, putStored, readStored, type WeightPlace } from './weight-places.js'

/** The two files that say what the others are. */
export interface ModelHead {
  readonly config: ChatConfig
  readonly tensorCache: TensorCache
}

/**
 * All files of a model, with the library for this adapter, in the order in which they are best fetched. Reads
 * the model's two small ones that name the others, from storage or else from their address.
 * @throws BackendError `bad-model` where they are no model's or not there, `lost` where the network fails.
 */
export async function weightFiles(
  model: WebLlmModel,
  adapter: AdapterFacts,
  signal?: AbortSignal,
): Promise<readonly WeightFile[]> {
  const head = await readHead(model, signal)
  return filesOf(model, adapter, head)
}

/** Whether all of a model's files are stored, told without the network; false too where not even their names are known. */
export async function isModelStored(model: WebLlmModel, adapter: AdapterFacts): Promise<boolean> {
  const head = await storedHead(model)
  if (head === null) return false
  const stored = await Promise.all(filesOf(model, adapter, head).map((file) => file.stored()))
  return stored.every(Boolean)
}

/**
 * Deletes a model's files, as far as their names are known here.
 * @param others models that stay: a library that one of them uses stays too.
 */
export async function deleteModel(model: WebLlmModel, others: readonly WebLlmModel[]): Promise<void> {
  const head = await storedHead(model)
  const base = filesAddress(model.record)
  const names = head === null ? [] : [...headAndTokenizer(head), ...shardNames(head)]
  const shared = new Set(others.flatMap(({ libraries }) => libraries.map(({ url }) => url)))
  const libraries = model.libraries.filter(({ url }) => !shared.has(url))
  // The files that name the others go last, so that a deletion that breaks off can be done again.
  await Promise.all([
    ...names.filter((name) => name !== CONFIG).map((name) => deleteStored(placeOf(base, name))),
    ...libraries.map(({ url }) => deleteStored(libraryPlace(url))),
  ])
  await Promise.all([CONFIG, TENSOR_CACHE].map((name) => deleteStored(placeOf(base, name))))
}

/** Throws away the stored files that cannot be right, and names them. */
export async function dropBroken(model: WebLlmModel, adapter: AdapterFacts): Promise<readonly string[]> {
  const head = await storedHead(model)
  if (head === null) return []
  const base = filesAddress(model.record)
  const broken: WeightFile[] = []
  for (const file of filesOf(model, adapter, head)) {
    const shard = head.tensorCache.records.find(({ dataPath }) => dataPath === file.name)
    if (shard === undefined) continue
    const data = await readStored(placeOf(base, file.name))
    if (data !== undefined && !(data instanceof ArrayBuffer && data.byteLength === shard.nbytes))
      broken.push(file)
  }
  await Promise.all(broken.map((file) => file.delete()))
  return broken.map(({ name }) => name)
}

/** From storage where both are there; null where they are not. */
export async function storedHead(model: WebLlmModel): Promise<ModelHead | null> {
  const base = filesAddress(model.record)
  const [config, tensorCache] = await Promise.all([
    readStored(placeOf(base, CONFIG)),
    readStored(placeOf(base, TENSOR_CACHE)),
  ])
  if (!(config instanceof ArrayBuffer) || tensorCache === undefined) return null
  try {
    return {
      config: readConfig(parse(config, base + CONFIG), base + CONFIG),
      tensorCache: readTensorCache(tensorCache, base + TENSOR_CACHE),
    }
  } catch {
    // What is broken there is as good as not there: it is fetched anew.
    return null
  }
}

/** From storage, else from the model's address. */
export async function readHead(model: WebLlmModel, signal?: AbortSignal): Promise<ModelHead> {
  const stored = await storedHead(model)
  if (stored !== null) return stored
  const base = filesAddress(model.record)
  const [config, tensorCache] = await Promise.all([
    fetchBytes(base + CONFIG, signal),
    fetchBytes(base + TENSOR_CACHE, signal),
  ])
  return {
    config: readConfig(parse(config, base + CONFIG), base + CONFIG),
    tensorCache: readTensorCache(parse(tensorCache, base + TENSOR_CACHE), base + TENSOR_CACHE),
  }
}

/**
 * The address to give WebLLM for a library. It does not look into storage for one whose address has "localhost"
 * in it: such a one is stored, and asked for, under an address that nobody can have.
 */
export function libraryKey(url: string): string {
  return url.includes('localhost')
    ? `http://library.invalid/${encodeURIComponent(url.replaceAll('localhost', 'here'))}`
    : url
}

const CONFIG = 'mlc-chat-config.json'
const TENSOR_CACHE = 'tensor-cache.json'

function filesOf(model: WebLlmModel, adapter: AdapterFacts, head: ModelHead): readonly WeightFile[] {
  const base = filesAddress(model.record)
  const known = (name: string): Bytes | null => model.fileBytes[name] ?? null
  const shards = head.tensorCache.records.map(({ dataPath, nbytes }) =>
    fileAt(base + dataPath, dataPath, placeOf(base, dataPath), nbytes, true),
  )
  return [
    ...headAndTokenizer(head).map((name) =>
      fileAt(base + name, name, placeOf(base, name), known(name), false),
    ),
    tensorCacheAt(base, known(TENSOR_CACHE)),
    libraryAt(chooseLibrary(model, adapter)),
    ...shards,
  ]
}

function headAndTokenizer({ config }: ModelHead): readonly string[] {
  return [CONFIG, config.tokenizerFile]
}

function shardNames({ tensorCache }: ModelHead): readonly string[] {
  return tensorCache.records.map(({ dataPath }) => dataPath)
}

function placeOf(base: string, name: string): WeightPlace {
  return { database: name === CONFIG ? 'webllm/config' : 'webllm/model', key: new URL(name, base).href }
}

function libraryPlace(url: string): WeightPlace {
  return { database: 'webllm/wasm', key: libraryKey(url) }
}

function libraryAt({ url, bytes }: WebLlmLibrary): WeightFile {
  const name = new URL(url).pathname.split('/').at(-1) ?? url
  const file = fileAt(url, name, libraryPlace(url), bytes, false)
  return {
    ...file,
    async store(data) {
      if (!WebAssembly.validate(data)) throw broken(name, 'it is no WebAssembly library')
      await file.store(data)
    },
  }
}

function tensorCacheAt(base: string, bytes: Bytes | null): WeightFile {
  const place = placeOf(base, TENSOR_CACHE)
  return {
    ...fileAt(place.key, TENSOR_CACHE, place, bytes, false),
    async store(data) {
      const value = parse(data, place.key)
      readTensorCache(value, place.key)
      await putStored(place, value)
    },
  }
}

function fileAt(
  url: string,
  name: string,
  place: WeightPlace,
  bytes: Bytes | null,
  exact: boolean,
): WeightFile {
  return {
    url: new URL(url).href,
    name,
    bytes,
    stored: () => isStored(place),
    async store(data) {
      if (exact && bytes !== null && data.byteLength !== bytes) {
        throw broken(name, `it has ${data.byteLength} bytes instead of ${bytes}`)
      }
      await putStored(place, data)
    },
    delete: () => deleteStored(place),
  }
}

function parse(data: ArrayBuffer, url: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data))
  } catch {
    throw broken(url, 'it is no JSON')
  }
}

function broken(name: string, why: string): BackendError {
  return new BackendError('bad-model', `${name} is broken: ${why}`)
}
