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
  const broken: string[] = []
  // One after the other: a model's shards together need not fit into memory.
  for (const file of filesOf(model, adapter, head)) {
    if (await file.intact()) continue
    await file.delete()
    broken.push(file.name)
  }
  return broken
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

/** One that can look at what is stored of it. */
interface KeptFile extends WeightFile {
  /** False where something is stored that cannot be this file. */
  intact(): Promise<boolean>
}

function filesOf(model: WebLlmModel, adapter: AdapterFacts, head: ModelHead): readonly KeptFile[] {
  const base = filesAddress(model.record)
  const known = (name: string): Bytes | null => model.fileBytes[name] ?? null
  const shards = head.tensorCache.records.map(({ dataPath, nbytes }) =>
    fileAt(base + dataPath, dataPath, placeOf(base, dataPath), nbytes, shardFlaw(nbytes)),
  )
  return [
    ...headAndTokenizer(head).map((name) =>
      fileAt(base + name, name, placeOf(base, name), known(name), jsonFlaw(name)),
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

function libraryAt({ url, bytes }: WebLlmLibrary): KeptFile {
  const name = new URL(url).pathname.split('/').at(-1) ?? url
  return fileAt(url, name, libraryPlace(url), bytes, (data) =>
    data instanceof ArrayBuffer && WebAssembly.validate(data) ? null : 'it is no WebAssembly library',
  )
}

/** Kept as WebLLM would have it: parsed. */
function tensorCacheAt(base: string, bytes: Bytes | null): KeptFile {
  const place = placeOf(base, TENSOR_CACHE)
  const file = fileAt(place.key, TENSOR_CACHE, place, bytes, () => null)
  return {
    ...file,
    async store(data) {
      const value = parse(data, place.key)
      readTensorCache(value, place.key)
      await putStored(place, value)
    },
  }
}

/** A JSON file that is kept as its bytes. */
function jsonFlaw(name: string): (data: unknown) => string | null {
  return (data) => {
    if (!(data instanceof ArrayBuffer)) return 'it is no file'
    if (!name.endsWith('.json')) return null
    try {
      parse(data, name)
      return null
    } catch {
      return 'it is no JSON'
    }
  }
}

function shardFlaw(bytes: Bytes): (data: unknown) => string | null {
  return (data) => {
    if (!(data instanceof ArrayBuffer)) return 'it is no file'
    return data.byteLength === bytes ? null : `it has ${data.byteLength} bytes instead of ${bytes}`
  }
}

/** @param flaw why such data cannot be this file; null where it can. */
function fileAt(
  url: string,
  name: string,
  place: WeightPlace,
  bytes: Bytes | null,
  flaw: (data: unknown) => string | null,
): KeptFile {
  return {
    url: new URL(url).href,
    name,
    bytes,
    stored: () => isStored(place),
    async intact() {
      const data = await readStored(place)
      return data === undefined || flaw(data) === null
    },
    async store(data) {
      const why = flaw(data)
      if (why !== null) throw brokenFile(name, why)
      await putStored(place, data)
    },
    delete: () => deleteStored(place),
  }
}

function parse(data: ArrayBuffer, url: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data))
  } catch {
    throw brokenFile(url, 'it is no JSON')
  }
}

function brokenFile(name: string, why: string): BackendError {
  return new BackendError('bad-model', `${name} is broken: ${why}`)
}
