import type { DeviceBytes } from '@berth/budget'
import {
  BackendError,
  deferred,
  errorFrom,
  PieceBuffer,
  type GenerateJob,
  type Parked,
  type Run,
  type RunEnd,
  type RunProgress,
} from '@berth/scheduler'
import type { Id, ParkedState, RunReport } from './protocol.js'

/** What a run can have its child do. */
export interface RunCommands {
  cancel(): void
  park(): void
  forget(parked: Id): void
  discard(parked: Id): void
  /** Where a parked job's KV lies. */
  parkedBytes(bytes: number): readonly DeviceBytes[]
}

/** A job set aside by a llama child. Its KV is in the child that parked it; its state goes with any. */
export interface LlamaParked extends Parked {
  readonly id: Id
  readonly state: ParkedState
  readonly job: GenerateJob
  /** The runner whose child has the KV. */
  readonly owner: object
  /** Steps, each a chunk of the prompt or a token, that the child computed after it was asked. */
  readonly steps: number
  /** Milliseconds that setting it aside took then. */
  readonly ms: number
}

/** One job in one slot of a child, as the scheduler sees it. */
export class LlamaRun implements Run {
  readonly pieces: PieceBuffer
  readonly slotFree: Promise<RunEnd>
  readonly #commands: RunCommands
  readonly #owner: object
  readonly #job: GenerateJob | null
  readonly #free = deferred<RunEnd>()
  readonly #listeners = new Set<(progress: RunProgress) => void>()
  #parking: {
    readonly promise: Promise<Parked>
    resolve(parked: Parked): void
    reject(reason: unknown): void
  } | null = null
  #over = false
  #tooSlow: BackendError | null = null

  /** @param job what `park` may be asked for; null for a job that cannot be parked. */
  constructor(commands: RunCommands, owner: object, job: GenerateJob | null) {
    this.#commands = commands
    this.#owner = owner
    this.#job = job
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
    if (!this.#over) this.#commands.cancel()
  }

  park(): Promise<Parked> {
    if (this.#job === null) {
      return Promise.reject(new BackendError('unsupported', 'An embedding job cannot be parked'))
    }
    if (this.#over)
      return Promise.reject(new BackendError('aborted', 'The run was over before it could be parked'))
    if (this.#parking === null) {
      this.#parking = deferred<Parked>()
      this.#commands.park()
    }
    return this.#parking.promise
  }

  /** What the child tells of it. */
  take(report: RunReport): void {
    if (this.#over) return
    for (const piece of report.pieces) {
      this.#tooSlow ??= this.pieces.push(piece)
    }
    if (this.#tooSlow !== null && report.outcome === undefined) this.#commands.cancel()
    if (report.progress !== undefined) for (const listener of this.#listeners) listener(report.progress)
    const { outcome } = report
    if (outcome === undefined) return
    if (this.#tooSlow !== null && outcome.how !== 'parked') {
      this.#end({
        how: 'failed',
        error: this.#tooSlow,
        ...('metrics' in outcome ? { metrics: outcome.metrics } : {}),
      })
      return
    }
    switch (outcome.how) {
      case 'finished':
        this.#end({ how: 'finished', reason: outcome.reason, metrics: outcome.metrics })
        break
      case 'cancelled':
        this.#end({ how: 'cancelled', metrics: outcome.metrics })
        break
      case 'failed':
        this.#end({ how: 'failed', error: errorFrom(outcome.error) })
        break
      case 'parked':
        this.#parked(outcome)
        break
    }
  }

  /** The child is gone. A run that is over stays as it ended. */
  lose(error: BackendError): void {
    if (!this.#over) this.#end({ how: 'failed', error })
  }

  #parked(outcome: Extract<RunReport['outcome'], { how: 'parked' }>): void {
    const { parked: id, state, tokens, bytes, steps, ms } = outcome
    const parked: LlamaParked = {
      id,
      state,
      tokens,
      steps,
      ms,
      job: this.#job!,
      owner: this.#owner,
      bytes: this.#commands.parkedBytes(bytes),
      forget: () => Promise.resolve(this.#commands.forget(id)),
      dispose: () => Promise.resolve(this.#commands.discard(id)),
    }
    const parking = this.#parking
    this.#parking = null
    this.#end({ how: 'parked', metrics: outcome.metrics })
    parking?.resolve(parked)
  }

  #end(end: RunEnd): void {
    this.#over = true
    this.#listeners.clear()
    this.pieces.end(
      end.how === 'failed'
        ? end.error
        : end.how === 'cancelled'
          ? new BackendError('aborted', 'The job was cancelled')
          : null,
    )
    this.#parking?.reject(new BackendError('aborted', 'The run was over before it could be parked'))
    this.#parking = null
    this.#free.resolve(end)
  }
}

export function isLlamaParked(parked: Parked): parked is LlamaParked {
  return 'state' in parked && 'owner' in parked && 'id' in parked
}
