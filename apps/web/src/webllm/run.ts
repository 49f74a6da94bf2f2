import {
  BackendError,
  deferred,
  errorFrom,
  PieceBuffer,
  type Deferred,
  type GenerateJob,
  type Job,
  type Parked,
  type Run,
  type RunEnd,
  type RunProgress,
} from '@berth/scheduler'
import type { FromWorker, Outcome, ParkedState } from './protocol.js'

export type RunReport = Extract<FromWorker, { type: 'run' }>

/** A job that WebLLM has set aside: its tokens are computed again wherever it goes on. */
export interface WebLlmParked extends Parked {
  readonly webllm: ParkedState
}

/** One job in the worker's only slot, as the scheduler sees it. */
export class WebLlmRun implements Run {
  readonly pieces: PieceBuffer
  readonly slotFree: Promise<RunEnd>
  readonly #interrupt: (wish: 'cancel' | 'park') => void
  readonly #canPark: boolean
  readonly #free = deferred<RunEnd>()
  readonly #listeners = new Set<(progress: RunProgress) => void>()
  #parking: Deferred<Parked> | null = null
  #tooSlow: BackendError | null = null
  #over = false

  constructor(job: Job, interrupt: (wish: 'cancel' | 'park') => void) {
    this.#interrupt = interrupt
    this.#canPark = job.kind === 'generate' && canPark(job)
    this.slotFree = this.#free.promise
    this.pieces = new PieceBuffer(() => this.cancel())
  }

  onProgress(listener: (progress: RunProgress) => void): Disposable {
    // Each registration is one of its own, also of the same function.
    const own = (progress: RunProgress): void => listener(progress)
    this.#listeners.add(own)
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) }
  }

  cancel(): void {
    if (!this.#over) this.#interrupt('cancel')
  }

  park(): Promise<Parked> {
    if (!this.#canPark) return Promise.reject(new BackendError('unsupported', 'This job cannot be parked'))
    if (this.#over) return Promise.reject(overFirst())
    if (this.#parking === null) {
      this.#parking = deferred<Parked>()
      this.#interrupt('park')
    }
    return this.#parking.promise
  }

  /** What the worker tells of it. */
  take({ pieces, progress, outcome }: RunReport): void {
    if (this.#over) return
    for (const piece of pieces) this.#tooSlow ??= this.pieces.push(piece)
    if (this.#tooSlow !== null && outcome === undefined) this.#interrupt('cancel')
    if (progress !== undefined) for (const listener of this.#listeners) listener(progress)
    if (outcome !== undefined) this.#ends(outcome)
  }

  /** The worker is gone, or never took it. A run that is over stays as it ended. */
  fail(error: BackendError): void {
    if (!this.#over) this.#end({ how: 'failed', error })
  }

  #ends(outcome: Outcome): void {
    const { metrics } = outcome
    if (this.#tooSlow !== null && outcome.how !== 'parked') {
      this.#end({ how: 'failed', error: this.#tooSlow, ...(metrics === undefined ? {} : { metrics }) })
      return
    }
    switch (outcome.how) {
      case 'finished':
        this.#end({ how: 'finished', reason: outcome.reason, metrics: outcome.metrics })
        break
      case 'cancelled':
        this.#end({ how: 'cancelled', metrics: outcome.metrics })
        break
      case 'parked': {
        const parking = this.#parking
        this.#parking = null
        this.#end({ how: 'parked', metrics: outcome.metrics })
        parking?.resolve(setAside(outcome.state))
        break
      }
      case 'failed':
        this.#end({
          how: 'failed',
          error: errorFrom(outcome.error),
          ...(metrics === undefined ? {} : { metrics }),
        })
        break
    }
  }

  #end(end: RunEnd): void {
    this.#over = true
    this.#listeners.clear()
    this.pieces.end(errorOf(end))
    this.#parking?.reject(overFirst())
    this.#parking = null
    this.#free.resolve(end)
  }
}

export function isWebLlmParked(parked: Parked): parked is WebLlmParked {
  return 'webllm' in parked
}

/** A grammar's state, and images, are WebLLM's own: what depends on them cannot go on elsewhere. */
function canPark({ prompt, format }: GenerateJob): boolean {
  if (format !== undefined) return false
  return prompt.kind === 'raw' || prompt.messages.every(({ images = [] }) => images.length === 0)
}

const nothing = (): Promise<void> => Promise.resolve()

/** Nothing of it is on the GPU. */
function setAside(state: ParkedState): WebLlmParked {
  return { bytes: [], tokens: 0, webllm: state, forget: nothing, dispose: nothing }
}

function errorOf(end: RunEnd): BackendError | null {
  if (end.how === 'failed') return end.error
  return end.how === 'cancelled' ? new BackendError('aborted', 'The job was cancelled') : null
}

function overFirst(): BackendError {
  return new BackendError('aborted', 'The run was over before it could be parked')
}
