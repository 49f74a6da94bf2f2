import type { Tokens } from '@berth/budget'
import type { GgufHead } from '@berth/protocol'
import {
  asBackendError,
  BackendError,
  deferred,
  type LoadProgress,
  type LoadSpec,
  type Runner,
  type SignalLike,
} from '@berth/scheduler'
import type { LoadModelParams } from '@wllama/wllama/esm/index.js'
import { Engine } from './engine.js'
import { KV_TYPES, MOST_MEMORY, PROGRAM } from './engine-facts.js'
import type { Log } from './engine-log.js'
import { vectorOf } from './embedding.js'
import { figure } from './gguf-sources.js'
import { Tokenizer } from './tokenizer.js'
import { WatchedBlob } from './watched-blob.js'
import { WllamaRunner } from './wllama-runner.js'

export interface LoadOptions {
  readonly spec: LoadSpec
  readonly head: GgufHead
  readonly blobs: readonly Blob[]
  readonly batch: Tokens
  readonly report: (progress: LoadProgress) => void
  readonly signal: SignalLike
  readonly log: Log
}

/** The part of the bar at which all weights are read. */
const READ = 0.9

/**
 * Starts a worker, has it load, and asks it for a first token. Rejects only when the worker is gone.
 * @throws BackendError
 */
export async function loadRunner(options: LoadOptions): Promise<Runner> {
  const { spec, blobs, report, signal, log } = options
  const params = paramsOf(options)
  const stop = deferred<void>()
  const abort = (): void => stop.resolve()
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    const totalBytes = blobs.reduce((sum, { size }) => sum + size, 0)
    let loadedBytes = 0
    report({ fraction: 0, stage: 'starting' })
    const watched = blobs.map(
      (blob) =>
        new WatchedBlob(blob, (bytes) => {
          // Some of it is read twice.
          loadedBytes = Math.min(totalBytes, loadedBytes + bytes)
          report({ fraction: (loadedBytes / totalBytes) * READ, stage: 'reading', loadedBytes, totalBytes })
        }),
    )
    const engine = await Engine.load(watched, params, stop.promise, log, memoryOf(spec))
    try {
      report({ fraction: READ, stage: 'checking' })
      const closed = stop.promise.then(() => {
        throw new BackendError('aborted', 'The load was cancelled')
      })
      const tokenizer = await Promise.race([closed, check(engine, options)])
      report({ fraction: 1, stage: 'checking' })
      // The engine keeps the last place of a context free.
      const limit =
        spec.purpose === 'embed' ? Math.min(spec.contextLength, options.batch) : spec.contextLength - 1
      return new WllamaRunner(spec, { engine, tokenizer, limit })
    } catch (error) {
      await engine.close('the load failed')
      throw error
    }
  } catch (error) {
    throw asBackendError(error)
  } finally {
    signal.removeEventListener('abort', abort)
    // Else the promises that wait for it would be kept.
    stop.resolve()
  }
}

/** Where the worker's memory has to end for the load to take what is planned. */
function memoryOf({ placement }: LoadSpec): number {
  const planned = placement.bytes.reduce((sum, { bytes }) => sum + bytes, 0)
  return Math.min(MOST_MEMORY, planned - PROGRAM)
}

/** Has the model answer once. */
async function check(engine: Engine, { spec, head, batch }: LoadOptions): Promise<Tokenizer> {
  const tokenizer = await Tokenizer.of(engine, head, Math.max(spec.contextLength, batch) + 256)
  if (spec.purpose === 'embed') {
    await vectorOf({ engine }, 'Hello')
    return tokenizer
  }
  const request = await engine.submit('completion', {
    prompt: 'Hello',
    n_predict: 1,
    temperature: 0,
    stream: false,
  })
  for (;;) {
    const { more, error, value } = await engine.poll(request)
    if (error) throw new BackendError('bad-model', `The model does not answer: ${JSON.stringify(value)}`)
    if (!more) return tokenizer
  }
}

function paramsOf({ spec, head, batch }: LoadOptions): LoadModelParams {
  const kvType = KV_TYPES.find((type) => type === spec.kvType)
  if (kvType === undefined) {
    throw new BackendError(
      'unsupported',
      `This engine has no KV cache of type ${spec.kvType}, only ${KV_TYPES.join(', ')}`,
    )
  }
  return {
    n_ctx: spec.contextLength * spec.slots,
    n_parallel: spec.slots,
    // Each slot has its own part of the cache: none can take another's, and attention looks at its own only.
    kv_unified: false,
    n_batch: batch,
    n_ubatch: batch,
    n_threads: Math.max(1, spec.threads),
    n_gpu_layers: 0,
    cache_type_k: kvType,
    cache_type_v: kvType,
    ctx_shift: true,
    // It would copy the caches of idle slots to memory that no budget knows.
    cache_idle_slots: false,
    warmup: false,
    ...(spec.purpose === 'embed' ? { embeddings: true, ...pooling(head) } : {}),
  }
}

/** A model that does not say how its tokens' vectors become one. */
function pooling(head: GgufHead): LoadModelParams {
  return figure(head, 'pooling_type') === undefined ? { pooling_type: 'mean' } : {}
}
