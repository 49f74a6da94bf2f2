import type { DeviceBytes } from '@berth/budget'
import type { LoadSpec, Parked, Run, Runner, RunnerAbilities, RunnerEnd } from '../backend.js'
import type { Clock } from '../clock.js'
import { deferred } from '../deferred.js'
import { BackendError } from '../errors.js'
import type { Job } from '../job.js'
import type { FakeModel } from './fake-backend.js'
import type { FakeParked } from './fake-parked.js'
import { FakeRun } from './fake-run.js'

/** A loaded model of the fake backend. */
export class FakeRunner implements Runner {
  readonly spec: LoadSpec
  readonly can: RunnerAbilities
  /** Shares of cores it was told, in order. */
  readonly threads: number[] = []
  readonly runs = new Set<FakeRun>()
  readonly #model: FakeModel
  readonly #clock: Clock
  readonly #end = deferred<RunnerEnd>()
  readonly #listeners = new Set<(bytes: readonly DeviceBytes[]) => void>()
  readonly #parks: (parked: FakeParked) => void
  #stopping = false
  #gone = false

  constructor(spec: LoadSpec, model: FakeModel, clock: Clock, parks: (parked: FakeParked) => void) {
    this.#parks = parks
    this.spec = spec
    this.#model = model
    this.#clock = clock
    const foreign = spec.placement.kind === 'foreign'
    this.can = {
      cancel: 'chunk',
      park: model.park ?? 'kv',
      memory: foreign ? 'foreign' : model.measured ? 'measured' : 'modelled',
    }
  }

  get ended(): Promise<RunnerEnd> {
    return this.#end.promise
  }

  start(job: Job, from?: Parked): Run {
    const run = new FakeRun(
      job,
      { model: this.#model, spec: this.spec, clock: this.#clock, owner: this, parks: this.#parks },
      from,
    )
    if (this.#gone || this.#stopping) run.fail(new BackendError('lost', 'the runner is gone'))
    else if (this.runs.size >= this.spec.slots) run.fail(new BackendError('engine', 'no slot is free'))
    else {
      this.runs.add(run)
      void run.slotFree.then(() => this.runs.delete(run))
    }
    return run
  }

  countTokens(text: string): Promise<number> {
    return Promise.resolve(text.split(/\s+/).filter((word) => word !== '').length)
  }

  setThreads(count: number): void {
    this.threads.push(count)
  }

  onMemory(listener: (bytes: readonly DeviceBytes[]) => void): Disposable {
    this.#listeners.add(listener)
    if (this.#model.measured) listener(this.#model.measured(this.spec))
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Tells other figures from now on. */
  remeasure(bytes: readonly DeviceBytes[]): void {
    for (const listener of this.#listeners) listener(bytes)
  }

  async stop(how: 'gracefully' | 'now'): Promise<void> {
    if (!this.#gone && (!this.#stopping || how === 'now')) {
      this.#stopping = true
      for (const run of this.runs) run.fail(new BackendError('lost', 'the runner was stopped'))
      const ms = how === 'now' ? 0 : (this.#model.stopMs ?? 0)
      this.#clock.at(this.#clock.now() + ms, () => this.#finish({ asked: true, reason: 'stopped' }))
    }
    await this.ended
  }

  /** Dies unasked. */
  crash(reason: string): void {
    if (this.#gone) return
    for (const run of this.runs) run.fail(new BackendError('lost', reason))
    this.#finish({ asked: false, reason })
  }

  #finish(end: RunnerEnd): void {
    this.#gone = true
    this.#end.resolve(end)
  }
}
