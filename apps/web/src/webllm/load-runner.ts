import type { Bytes, Tokens } from '@berth/budget'
import {
  BackendError,
  errorFrom,
  type LoadProgress,
  type LoadSpec,
  type Runner,
  type SignalLike,
} from '@berth/scheduler'
import type { AdapterFacts } from './adapter.js'
import { fetchMissing } from './fetch-missing.js'
import { LoadMeter } from './load-meter.js'
import type { WebLlmLibrary, WebLlmModel } from './model.js'
import { WebLlmRunner } from './runner.js'
import { dropBroken, libraryKey, readHead } from './weights.js'
import { WorkerLink } from './worker-link.js'

export interface LoadOrder {
  readonly model: WebLlmModel
  readonly library: WebLlmLibrary
  readonly adapter: AdapterFacts
  readonly spec: LoadSpec
  readonly spawn: () => Worker
}

/** Tokens of a prompt computed at a time: the longest wait for a cancel. A software adapter takes a second for as few. */
const CHUNK: Record<'gpu' | 'software', Tokens> = { gpu: 512, software: 64 }

/**
 * Fetches what is missing, then loads in a worker of its own.
 * @throws BackendError, and only when the worker is gone.
 */
export async function loadRunner(
  order: LoadOrder,
  report: (progress: LoadProgress) => void,
  signal: SignalLike,
): Promise<Runner> {
  const { model, library, adapter, spec } = order
  const calledOff = new AbortController()
  const abort = (): void => calledOff.abort(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  let link: WorkerLink | null = null
  try {
    const meter = new LoadMeter(report)
    meter.starting()
    await fetchMissing(model, adapter, meter, calledOff.signal)
    const { config } = await readHead(model, calledOff.signal)
    calledOff.signal.throwIfAborted()
    const worker = new WorkerLink(order.spawn)
    link = worker
    calledOff.signal.addEventListener('abort', () => worker.end({ asked: true, reason: 'called off' }))
    let bytes: Bytes = 0
    worker.listen((message) => {
      if (message.type === 'loading') meter.engine(message.stage, message.fraction)
      else if (message.type === 'memory') bytes = message.bytes
    })
    const loaded = await worker.load({
      record: { ...model.record, model_id: model.id, model_lib: libraryKey(library.url) },
      contextLength: config.slidingWindow === null ? spec.contextLength : null,
      promptChunk: CHUNK[adapter.software ? 'software' : 'gpu'],
      purpose: spec.purpose,
    })
    if (!loaded.ok) throw errorFrom(loaded.error)
    meter.done()
    return new WebLlmRunner(spec, worker, bytes)
  } catch (error) {
    link?.end({ asked: false, reason: 'the load failed' })
    await link?.ended
    if (signal.aborted) throw new BackendError('aborted', 'The load was called off', { cause: error })
    throw await explained(error, order)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** A file that turned out broken is thrown away, so that the next load fetches it anew, and named. */
async function explained(error: unknown, { model, adapter }: LoadOrder): Promise<BackendError> {
  if (!(error instanceof BackendError)) {
    const message = error instanceof Error ? error.message : String(error)
    return new BackendError('engine', message, { cause: error })
  }
  if (error.code !== 'bad-model' && error.code !== 'engine') return error
  const names = await brokenFiles(model, adapter)
  if (names.length === 0) return error
  return new BackendError(
    'bad-model',
    `${names.join(', ')}: broken on this disk, to be fetched anew (${error.message})`,
    {
      cause: error,
    },
  )
}

async function brokenFiles(model: WebLlmModel, adapter: AdapterFacts): Promise<readonly string[]> {
  try {
    return await dropBroken(model, adapter)
  } catch {
    // Storage fails too: what failed first is the better news.
    return []
  }
}
