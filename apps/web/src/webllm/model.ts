import { formatBytes, type Bytes } from '@berth/budget'
import type { ModelId } from '@berth/scheduler'
import type { ModelRecord } from '@mlc-ai/web-llm'
import type { AdapterFacts } from './adapter.js'

/** A model that WebLLM can run, wherever its files come from. Plain data. */
export interface WebLlmModel {
  readonly id: ModelId
  /** Changes with the model's content; '' where nobody tells. */
  readonly revision: string
  /** What WebLLM is told; its `model_lib` is replaced by the library that was chosen. */
  readonly record: ModelRecord
  /** Compiled libraries of its shape, at least one: which serves depends on the adapter. */
  readonly libraries: readonly [WebLlmLibrary, ...WebLlmLibrary[]]
  /** Its files' sizes by name, where its list tells them. */
  readonly fileBytes: Readonly<Record<string, Bytes>>
}

export interface WebLlmLibrary {
  /** Absolute. */
  readonly url: string
  /** What its kernels were made for. */
  readonly kernels: 'gpu' | 'software'
  /** WebGPU features that it uses. */
  readonly requiredFeatures: readonly string[]
  readonly bytes: Bytes | null
}

/** WebLLM's numbers for the kinds of models (its enum is not imported, because all of WebLLM would come with it). */
const EMBEDDING = 1
const VISION = 2

export function isEmbedder({ model_type }: ModelRecord): boolean {
  const kind: number | undefined = model_type
  return kind === EMBEDDING
}

export function seesImages({ model_type }: ModelRecord): boolean {
  const kind: number | undefined = model_type
  return kind === VISION
}

/** A model by a plain WebLLM record, as its prebuilt list has them: one library, made for GPUs. */
export function modelOfRecord(record: ModelRecord): WebLlmModel {
  return {
    id: record.model_id,
    revision: '',
    record,
    libraries: [
      {
        url: record.model_lib,
        kernels: 'gpu',
        requiredFeatures: featuresOf(record),
        bytes: null,
      },
    ],
    fileBytes: {},
  }
}

/** Some records of models with 16-bit arithmetic do not say what they need: their ids do. */
function featuresOf({ model_id: id, required_features: declared = [] }: ModelRecord): readonly string[] {
  const half = /-q\d+f16(_\d+)?\b/i.test(id)
  return half && !declared.includes('shader-f16') ? [...declared, 'shader-f16'] : declared
}

/**
 * The library to use with an adapter: of those whose features it has the one made for its kind, of several the
 * first in the list's order. Where it has the features of none, the one that it misses least of.
 */
export function chooseLibrary({ libraries }: WebLlmModel, adapter: AdapterFacts): WebLlmLibrary {
  const kind = adapter.software ? 'software' : 'gpu'
  const misses = (library: WebLlmLibrary): number => missing(library, adapter).length
  return libraries.toSorted(
    (a, b) => misses(a) - misses(b) || Number(b.kernels === kind) - Number(a.kernels === kind),
  )[0]!
}

/** What the model needs and the adapter does not have, in words: it cannot run here, and need not be downloaded. */
export function missingFeatures(model: WebLlmModel, adapter: AdapterFacts): readonly string[] {
  const features = missing(chooseLibrary(model, adapter), adapter)
  const buffer = model.record.buffer_size_required_bytes ?? 0
  const large = buffer > Math.min(adapter.maxBufferBytes, adapter.maxBindingBytes)
  return large ? [...features, `GPU buffers of ${formatBytes(buffer)}`] : features
}

function missing(library: WebLlmLibrary, adapter: AdapterFacts): readonly string[] {
  return library.requiredFeatures.filter((feature) => !adapter.features.includes(feature))
}

/** Where a record's files lie, ending in a slash: WebLLM's own rule. */
export function filesAddress({ model }: ModelRecord): string {
  const folder = model.endsWith('/') ? model : `${model}/`
  return new URL(/.+\/resolve\/.+\//.test(folder) ? folder : `${folder}resolve/main/`).href
}
