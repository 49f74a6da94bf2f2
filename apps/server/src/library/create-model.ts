import {
  blobName,
  factsOfFile,
  MEDIA_TYPE,
  parseModelName,
  readGgufMetadata,
  StoreError,
  type Layer,
  type ModelFacts,
  type ModelStore,
  type StoreWriter,
} from '../models/index.js'
import { configLayer } from './config-layer.js'
import { fileLayer } from './file-layer.js'

/** A model to be made, by the fields of a Modelfile. What is left out is the base's. */
export interface CreateOrder {
  readonly model: string
  /** The model it is made from. */
  readonly from?: string | undefined
  /** Or the files, by their digests: those of uploaded blobs. */
  readonly files?: Readonly<Record<string, string>> | undefined
  readonly adapters?: Readonly<Record<string, string>> | undefined
  readonly template?: string | undefined
  readonly system?: string | undefined
  readonly licenses?: readonly string[] | undefined
  readonly parameters?: Readonly<Record<string, unknown>> | undefined
  readonly messages?: readonly { readonly role: string; readonly content: string }[] | undefined
}

export interface CreateStatus {
  readonly status: string
}

interface Base {
  readonly layers: readonly Layer[]
  readonly facts: ModelFacts
}

/**
 * Makes a model of another one, or of uploaded files, with other texts and parameters.
 * @throws StoreError `bad-source`, `not-supported`, `unknown-model`, `bad-name`.
 */
export async function createModel(
  order: CreateOrder,
  store: ModelStore,
  writer: StoreWriter,
  report: (status: CreateStatus) => void,
  signal: AbortSignal,
): Promise<void> {
  const name = parseModelName(order.model)
  await writer.withLock(async () => {
    const base =
      order.files === undefined
        ? await baseOfModel(order.from, store, writer, report)
        : await baseOfFiles(order.files, writer, report)
    const layers = await changed(base.layers, order, writer)
    for (const { digest } of layers) {
      const isOld = base.layers.some((layer) => layer.digest === digest)
      report({ status: `${isOld ? 'using existing' : 'creating new'} layer ${digest.replace('-', ':')}` })
    }
    const config = await configLayer(writer, base.facts, layers)
    report({ status: 'writing manifest' })
    await writer.putManifest(name, config, layers)
  }, signal)
  report({ status: 'success' })
}

async function baseOfModel(
  from: string | undefined,
  store: ModelStore,
  writer: StoreWriter,
  report: (status: CreateStatus) => void,
): Promise<Base> {
  if (from === undefined) throw new StoreError('bad-source', "neither 'from' or 'files' was specified")
  const model = await store.get(from)
  const parts = await store.parts(from)
  if (parts === undefined) {
    if (model.files.length > 1) {
      throw new StoreError(
        'not-supported',
        `from: ${model.name} is split over ${model.files.length} files, of which no layer can be made`,
      )
    }
    report({ status: 'parsing GGUF' })
    const layer = await fileLayer(model.files[0], MEDIA_TYPE.model)
    await writer.adoptBlob(layer, model.files[0])
    return { layers: [layer], facts: factsOfFile(await readGgufMetadata(model.files[0])) }
  }
  const { manifest, blobPath } = parts
  for (const layer of manifest.layers) await writer.adoptBlob(layer, blobPath(layer.digest))
  const weights = manifest.layers.map((layer) =>
    layer.mediaType === MEDIA_TYPE.model && layer.from === undefined ? { ...layer, from: model.name } : layer,
  )
  return { layers: weights, facts: model.facts }
}

async function baseOfFiles(
  files: Readonly<Record<string, string>>,
  writer: StoreWriter,
  report: (status: CreateStatus) => void,
): Promise<Base> {
  const layers: Layer[] = []
  let facts: ModelFacts | undefined
  report({ status: 'parsing GGUF' })
  for (const [file, digest] of Object.entries(files)) {
    const { layer, metadata } = await uploaded(file, digest, `files[${JSON.stringify(file)}]`, writer)
    layers.push(layer)
    if (layer.mediaType === MEDIA_TYPE.model) facts = factsOfFile(metadata)
  }
  const weights = layers.filter(({ mediaType }) => mediaType === MEDIA_TYPE.model)
  if (facts === undefined || weights.length !== 1) {
    throw new StoreError('bad-source', `files: expected one GGUF file with weights, got ${weights.length}`)
  }
  return { layers, facts }
}

/** An uploaded file as a layer; what it is stands in its head. */
async function uploaded(file: string, digest: string, field: string, writer: StoreWriter) {
  if (/\.(safetensors|bin|pth?)$/i.test(file)) {
    throw new StoreError(
      'not-supported',
      `${field}: safetensors are not converted here, as that takes Python and the model's own code; convert them to GGUF with llama.cpp's convert_hf_to_gguf.py and upload that`,
    )
  }
  if (!/^sha256[:-][0-9a-f]{64}$/.test(digest)) {
    throw new StoreError(
      'bad-digest',
      `${field}: expected "sha256:" and 64 hexadecimal digits, got ${JSON.stringify(digest)}`,
    )
  }
  const path = writer.blobPath(digest)
  const metadata = await readGgufMetadata(path).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new StoreError(
      'bad-source',
      `${field}: ${blobName(digest)} was not uploaded, or is no GGUF file: ${why}`,
      { cause: error },
    )
  })
  const kind = metadata.values['general.type']
  const isProjector = metadata.values['general.architecture'] === 'clip' || kind === 'mmproj'
  const mediaType = isProjector
    ? MEDIA_TYPE.projector
    : kind === 'adapter'
      ? MEDIA_TYPE.adapter
      : MEDIA_TYPE.model
  return { layer: await fileLayer(path, mediaType, digest.replace('-', ':')), metadata }
}

/** The base's layers with what the order changes. */
async function changed(base: readonly Layer[], order: CreateOrder, writer: StoreWriter): Promise<Layer[]> {
  let layers = [...base]
  const replace = async (mediaType: string, text: string): Promise<void> => {
    layers = layers.filter((layer) => layer.mediaType !== mediaType)
    if (text !== '') layers.push(await writer.putText(mediaType, text))
  }
  for (const [file, digest] of Object.entries(order.adapters ?? {})) {
    const { layer } = await uploaded(file, digest, `adapters[${JSON.stringify(file)}]`, writer)
    layers.push({ ...layer, mediaType: MEDIA_TYPE.adapter })
  }
  if (order.template !== undefined) await replace(MEDIA_TYPE.template, order.template)
  if (order.system !== undefined) await replace(MEDIA_TYPE.system, order.system)
  for (const text of order.licenses ?? []) layers.push(await writer.putText(MEDIA_TYPE.license, text))
  if (order.parameters !== undefined) {
    const before = await parametersIn(layers, writer)
    await replace(MEDIA_TYPE.params, JSON.stringify({ ...before, ...order.parameters }))
  }
  if (order.messages !== undefined) {
    await replace(MEDIA_TYPE.messages, order.messages.length === 0 ? '' : JSON.stringify(order.messages))
  }
  return layers
}

async function parametersIn(layers: readonly Layer[], writer: StoreWriter): Promise<object> {
  const layer = layers.findLast(({ mediaType }) => mediaType === MEDIA_TYPE.params)
  return layer === undefined ? {} : await writer.readParameters(layer)
}
