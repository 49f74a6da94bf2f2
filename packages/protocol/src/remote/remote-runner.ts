import {
  BackendError,
  deferred,
  type Job,
  type LoadSpec,
  type Runner,
  type RunnerAbilities,
  type RunnerEnd,
} from '@berth/scheduler'
import { RemoteRun } from './remote-run.js'
import { work, type Workplace } from './remote-work.js'

/** A vector's numbers come whole with the request's answer; a bound on what is unread would only lose them. */
const VECTORS_BOUND = Infinity

const ABILITIES: RunnerAbilities = { cancel: 'chunk', park: 'none', memory: 'foreign' }

/** A model of a server: nothing of it is here but the jobs that are sent there. */
export class RemoteRunner implements Runner {
  readonly spec: LoadSpec
  readonly can = ABILITIES
  readonly ended: Promise<RunnerEnd>
  readonly #at: Workplace
  /** The model's name at the server. */
  readonly #model: string
  readonly #failed: (error: BackendError) => void
  readonly #runs = new Set<RemoteRun>()
  readonly #end = deferred<RunnerEnd>()
  #over: string | null = null
  /** Why the server is gone, while jobs may still be answered over connections that live. */
  #gone: string | null = null

  /** @param failed is told of a job that was lost. */
  constructor(at: Workplace, spec: LoadSpec, model: string, failed: (error: BackendError) => void) {
    this.#at = at
    this.spec = spec
    this.#model = model
    this.#failed = failed
    this.ended = this.#end.promise
  }

  start(job: Job): RemoteRun {
    const { connection, dialect, clock, timeouts } = this.#at
    const run = new RemoteRun({
      server: connection.server,
      clock,
      timeouts,
      work: (to) => work(this.#at, this.#model, job, to),
      probe: (signal) => connection.json(dialect.alivePath, timeouts.connectMs, undefined, signal),
      ...(job.kind === 'embed' ? { bound: VECTORS_BOUND } : {}),
      over: (end) => {
        this.#runs.delete(run)
        if (end.how === 'failed' && end.error.code === 'lost' && this.#over === null) this.#failed(end.error)
        if (this.#gone !== null && this.#runs.size === 0) this.#finish(false, this.#gone)
      },
    })
    if (this.#over !== null) run.fail(goneError(this.#over))
    else if (this.#runs.size >= this.spec.slots) run.fail(new BackendError('engine', 'no slot is free'))
    else this.#runs.add(run)
    return run
  }

  countTokens(): Promise<number> {
    const why = `${this.#at.connection.server} does not tell how many tokens a text has`
    return Promise.reject(new BackendError('unsupported', why))
  }

  setThreads(): void {
    // The cores are the server's.
  }

  onMemory(): Disposable {
    return { [Symbol.dispose]: () => undefined }
  }

  stop(): Promise<void> {
    this.#finish(true, 'stopped')
    return Promise.resolve()
  }

  /** The server cannot be reached, or could after all (null): without jobs the runner ends, jobs end by themselves. */
  gone(why: string | null): void {
    this.#gone = why
    if (why !== null && this.#runs.size === 0) this.#finish(false, why)
  }

  #finish(asked: boolean, reason: string): void {
    if (this.#over !== null) return
    this.#over = `the model is not there any more: ${reason}`
    const lost = goneError(this.#over)
    for (const run of Array.from(this.#runs)) run.fail(lost)
    this.#end.resolve({ asked, reason })
  }
}

const goneError = (why: string): BackendError => new BackendError('lost', why, { elsewhere: 'unreachable' })
