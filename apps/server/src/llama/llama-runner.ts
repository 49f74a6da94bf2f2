import type { DeviceBytes, Tokens } from '@berth/budget'
import {
  BackendError,
  type Clock,
  type Deferred,
  deferred,
  type Job,
  type LoadSpec,
  type Parked,
  type Run,
  type Runner,
  type RunnerAbilities,
  type RunnerEnd,
} from '@berth/scheduler'
import { type Child, type ChildExit, describeExit } from './child-process.js'
import { isLlamaParked, LlamaRun } from './llama-run.js'
import type { FromChild, Id, ResumeFrom } from './protocol.js'
import { StopLadder, type StopTimes } from './stop-ladder.js'

/** A child with its model loaded. */
export class LlamaRunner implements Runner {
  readonly spec: LoadSpec
  readonly can: RunnerAbilities
  readonly ended: Promise<RunnerEnd>
  readonly #child: Child
  readonly #ladder: StopLadder
  readonly #memory: readonly DeviceBytes[]
  readonly #runs = new Map<Id, LlamaRun>()
  readonly #counts = new Map<Id, Deferred<Tokens>>()
  #nextId = 1
  #lost: BackendError | null = null

  constructor(spec: LoadSpec, child: Child, memory: readonly DeviceBytes[], clock: Clock, times: StopTimes) {
    this.spec = spec
    this.can = { cancel: 'chunk', park: spec.purpose === 'generate' ? 'kv' : 'none', memory: 'measured' }
    this.#child = child
    this.#memory = memory
    this.#ladder = new StopLadder(child, clock, times)
    this.ended = child.exited.then((exit) => this.#gone(exit))
  }

  /** The child's process id, for logs and for whoever watches processes. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** What the child says once it has loaded. */
  take(message: FromChild): void {
    switch (message.type) {
      case 'runs':
        for (const report of message.reports) {
          this.#runs.get(report.run)?.take(report)
          if (report.outcome !== undefined) this.#runs.delete(report.run)
        }
        break
      case 'counted':
        this.#counts.get(message.call)?.resolve(message.tokens)
        this.#counts.delete(message.call)
        break
      case 'failed':
        // It can only be its own fault: it leaves, and its runs fail.
        this.#lost = new BackendError('lost', `The model's process failed: ${message.error.message}`)
        this.#child.kill('SIGKILL')
        break
      case 'hello':
      case 'probed':
      case 'loading':
      case 'loaded':
      case 'log':
        break
    }
  }

  start(job: Job, from?: Parked): Run {
    const id = this.#nextId++
    const run = new LlamaRun(
      {
        cancel: () => this.#child.send({ type: 'cancel', run: id }),
        park: () => this.#child.send({ type: 'park', run: id }),
        forget: (parked) => this.#child.send({ type: 'forget', parked }),
        discard: (parked) => this.#child.send({ type: 'discard', parked }),
        parkedBytes: (bytes) => [{ device: this.#memory[0]!.device, bytes }],
      },
      this,
      job.kind === 'generate' ? job : null,
    )
    if (this.#lost !== null) {
      run.lose(this.#lost)
      return run
    }
    let resume: ResumeFrom | undefined
    if (from !== undefined) {
      if (!isLlamaParked(from)) {
        run.lose(new BackendError('unsupported', 'This job was parked by another kind of engine'))
        return run
      }
      resume = { state: from.state, ...(from.owner === this ? { parked: from.id } : {}) }
    }
    this.#runs.set(id, run)
    this.#child.send({ type: 'start', run: id, job, ...(resume === undefined ? {} : { from: resume }) })
    return run
  }

  countTokens(text: string): Promise<Tokens> {
    if (this.#lost !== null) return Promise.reject(this.#lost)
    const call = this.#nextId++
    const answer = deferred<Tokens>()
    this.#counts.set(call, answer)
    this.#child.send({ type: 'count', call, text })
    return answer.promise
  }

  setThreads(count: number): void {
    this.#child.send({ type: 'threads', count: Math.max(1, Math.floor(count)) })
  }

  /** The engine allocates all it needs when it loads: what is told now stays true. */
  onMemory(listener: (bytes: readonly DeviceBytes[]) => void): Disposable {
    listener(this.#memory)
    return { [Symbol.dispose]: () => {} }
  }

  async stop(how: 'gracefully' | 'now'): Promise<void> {
    await this.#ladder.stop(how)
    await this.ended
  }

  #gone(exit: ChildExit): RunnerEnd {
    const { asked } = this.#ladder
    const reason = asked ? 'stopped as asked' : `the model's process ${describeExit(exit)}`
    this.#lost ??= new BackendError(
      'lost',
      asked ? 'The model was unloaded' : `The model's process ${describeExit(exit)}`,
    )
    for (const run of this.#runs.values()) run.lose(this.#lost)
    this.#runs.clear()
    for (const count of this.#counts.values()) count.reject(this.#lost)
    this.#counts.clear()
    return { asked, reason }
  }
}
