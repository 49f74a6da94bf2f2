import type { Bytes, Tokens } from '@berth/budget'
import { BackendError } from '@berth/scheduler'

/** What of mlc-chat-config.json matters here. */
export interface ChatConfig {
  readonly tokenizerFile: 'tokenizer.json' | 'tokenizer.model'
  /** null where the model uses a sliding window instead. */
  readonly contextLength: Tokens | null
  /** Tokens of a sliding window; null where it has none. */
  readonly slidingWindow: Tokens | null
  readonly prefillChunk: Tokens | null
  readonly vocabulary: number | null
  /** Such as q4f16_1. */
  readonly quantization: string | null
  /** The architecture's own figures, as its kind spells them. */
  readonly shape: Readonly<Record<string, unknown>>
}

/** What of tensor-cache.json matters here. */
export interface TensorCache {
  readonly records: readonly { readonly dataPath: string; readonly nbytes: Bytes }[]
}

/** @throws BackendError `bad-model` that names the file and the field. */
export function readConfig(value: unknown, url: string): ChatConfig {
  const config = record(value, url)
  const files = config['tokenizer_files']
  if (!Array.isArray(files)) throw wrong(url, 'tokenizer_files', 'a list of file names', files)
  const tokenizerFile = (['tokenizer.json', 'tokenizer.model'] as const).find((name) => files.includes(name))
  if (tokenizerFile === undefined) {
    throw wrong(url, 'tokenizer_files', 'tokenizer.json or tokenizer.model among them', files)
  }
  const shape = config['model_config']
  const quantization = config['quantization']
  return {
    tokenizerFile,
    contextLength: count(config['context_window_size']),
    slidingWindow: count(config['sliding_window_size']),
    prefillChunk: count(config['prefill_chunk_size']),
    vocabulary: count(config['vocab_size']),
    quantization: typeof quantization === 'string' ? quantization : null,
    shape: isRecord(shape) ? shape : {},
  }
}

/** @throws BackendError `bad-model` that names the file and the field. */
export function readTensorCache(value: unknown, url: string): TensorCache {
  const { records } = record(value, url)
  if (!Array.isArray(records)) throw wrong(url, 'records', 'a list of files', records)
  return {
    records: records.map((entry: unknown, index) => {
      const { dataPath, nbytes } = isRecord(entry) ? entry : {}
      if (typeof dataPath !== 'string' || !/^[\w.-]+$/.test(dataPath)) {
        throw wrong(url, `records[${index}].dataPath`, 'a file name', dataPath)
      }
      if (!Number.isSafeInteger(nbytes) || Number(nbytes) < 0) {
        throw wrong(url, `records[${index}].nbytes`, 'a count of bytes', nbytes)
      }
      return { dataPath, nbytes: Number(nbytes) }
    }),
  }
}

/** -1 stands for none in these files. */
function count(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : null
}

function record(value: unknown, url: string): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw wrong(url, 'the file', 'an object', value)
  return value
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(url: string, field: string, expected: string, got: unknown): BackendError {
  const said = JSON.stringify(got)?.slice(0, 100) ?? 'nothing'
  return new BackendError('bad-model', `${url}: expected ${field} to be ${expected}, got ${said}`)
}
