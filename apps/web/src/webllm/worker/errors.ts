import { formatBytes, type Bytes } from '@berth/budget'
import { BackendError, errorData, type BackendErrorCode, type BackendErrorData } from '@berth/scheduler'

/** WebLLM's own error classes by name, and what they mean. It tells more by names than by messages. */
const MEANINGS: readonly (readonly [names: RegExp, code: BackendErrorCode])[] = [
  [
    /^(Integrity|UnsupportedTokenizerFiles|ArtifactManifest|MissingModelWasm|WindowSize|AttentionSink)/,
    'bad-model',
  ],
  [/^(ShaderF16Support|FeatureSupport|WebGPUNot)/, 'unsupported'],
  [/^ContextWindowSizeExceeded|^EmbeddingExceedContext/, 'context-overflow'],
  [
    /^(GrammarMatcherInit|InvalidResponseFormat|RangeError|MinValue|NonNegative|InvalidNumberString|SeedType)/,
    'bad-job',
  ],
  [/^DeviceLost/, 'lost'],
]

/** Why a run failed. */
export function runError(error: unknown): BackendErrorData {
  if (error instanceof BackendError) return errorData(error)
  const { name, message } = describe(error)
  return errorData(new BackendError(codeOf(name) ?? 'engine', message))
}

/** Why a load failed, while the device was not lost. */
export function loadError(error: unknown): BackendErrorData {
  if (error instanceof BackendError) return errorData(error)
  const { name, message } = describe(error)
  return errorData(new BackendError(codeOf(name) ?? fileError(message) ?? 'engine', message))
}

/** A load after which the device was gone: it wanted more memory than there is. */
export function memoryError(peak: Bytes, why: string): BackendErrorData {
  return errorData(
    new BackendError(
      'out-of-memory',
      `The GPU gave up when ${formatBytes(peak)} of its memory had been asked for (${why})`,
    ),
  )
}

function codeOf(name: string): BackendErrorCode | undefined {
  return MEANINGS.find(([names]) => names.test(name))?.[1]
}

/** What WebLLM's runtime says of files: they are all in storage before it begins, so that none of it is the network's. */
function fileError(message: string): BackendErrorCode | undefined {
  if (/Tensor-cache|Cannot find parameter|Cannot find required VM function/i.test(message)) return 'bad-model'
  if (/WebAssembly|magic word|wasm|tokenizer|Unexpected token|not valid JSON/i.test(message))
    return 'bad-model'
  return undefined
}

function describe(error: unknown): { readonly name: string; readonly message: string } {
  if (error instanceof Error)
    return { name: error.name === 'Error' ? '' : error.name, message: error.message }
  if (typeof error === 'object' && error !== null) return { name: '', message: JSON.stringify(error) }
  return { name: '', message: String(error) }
}
