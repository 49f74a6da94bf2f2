import type { DeviceBytes, DeviceId, Tokens } from '@berth/budget'
import type { LoadSpec, Parked, Run, Runner, RunnerAbilities, RunnerEnd } from '../backend.js'
import type { Clock } from '../clock.js'
import { deferred } from '../deferred.js'
import { BackendError } from '../errors.js'
import type { Job } from '../job.js'
import type { Computing, DeviceShares } from './device-shares.js'
import { hostOf, type MachineModel } from './machine.js'
import { workOf, type Work } from './simulated-job.js'
import { SimulatedParked, SimulatedRun } from './simulated-run.js'
import { stepMs, type Speed } from './speed.js'

/** A runner says that its jobs live at least this often; watchdogs listen for it. */
const SIGN_OF_LIFE_MS = 60_000

/** Of a step, what rounding may leave over. */
const ROUNDING = 1e-7

const ABILITIES: RunnerAbilities = { cancel: 'chunk', park: 'kv', memory: 'modelled' }

export interface RunnerParts {
  readonly clock: Clock
  readonly machine: MachineModel
  readonly shares: DeviceShares
  readonly speed: Speed
  /** Of one token in the KV cache. */
  readonly kvBytesPerToken: number
}

/**
 * A loaded model. Its jobs share steps: each step decodes a token of every answer and computes a chunk of every
 * prompt that is in work. Between two changes of the batch all steps take the same time, so that nothing is
 * done for a step: the runner counts them as time passes, and wakes when the first job comes to the end of its
 * prompt or answer.
 */
export class SimulatedRunner implements Runner, Computing {
  readonly spec: LoadSpec
  readonly can = ABILITIES
  readonly devices: readonly DeviceId[]
  readonly #parts: RunnerParts
  readonly #end = deferred<RunnerEnd>()
  /** All that hold a slot, and those of them that are part of every step. */
  readonly #runs = new Set<SimulatedRun>()
  readonly #batch = new Set<SimulatedRun>()
  /** Steps done since the batch was last empty; what one takes with the batch as it is. */
  #steps = 0
  #stepMs = 0
  #at = 0
  #timer: Disposable | null = null
  #threads: number
  #state: 'up' | 'stopping' | 'gone' = 'up'

  constructor(spec: LoadSpec, parts: RunnerParts) {
    this.spec = spec
    this.#parts = parts
    this.#threads = spec.threads
    this.devices = parts.speed.stages.map(({ device }) => device)
  }

  get ended(): Promise<RunnerEnd> {
    return this.#end.promise
  }

  /** Tokens of prompts and answers so far, of the jobs that it has now; for who measures service as it is given. */
  *tokensSoFar(): Iterable<{ readonly job: Job; readonly tokens: Tokens }> {
    this.#pass()
    for (const run of this.#runs) yield { job: run.job, tokens: this.#tokensOf(run) }
  }

  start(job: Job, from?: Parked): Run {
    const work = workOf(job)
    const parked = from instanceof SimulatedParked ? from : null
    const aside = parked?.on(this) ?? null
    const run = new SimulatedRun(job, work ?? NO_WORK, this.spec.contextLength, this.#desk, aside)
    if (this.#state !== 'up') run.fail(new BackendError('lost', 'the runner is gone'))
    else if (work === null) run.fail(new BackendError('unsupported', 'the job does not come from a trace'))
    else if (this.#runs.size >= this.spec.slots) run.fail(new BackendError('engine', 'no slot is free'))
    else {
      this.#runs.add(run)
      if (parked !== null && aside?.usable === true) this.#restore(run, parked)
      else this.#join(run)
    }
    return run
  }

  countTokens(): Promise<Tokens> {
    return Promise.reject(new BackendError('unsupported', 'a simulated model has no tokenizer'))
  }

  setThreads(count: number): void {
    if (count === this.#threads) return
    this.#threads = count
    this.retime()
  }

  onMemory(): Disposable {
    return { [Symbol.dispose]: () => undefined }
  }

  async stop(how: 'gracefully' | 'now'): Promise<void> {
    const { clock, machine } = this.#parts
    if (this.#state === 'up' || (this.#state === 'stopping' && how === 'now')) {
      this.#state = 'stopping'
      for (const run of Array.from(this.#runs))
        this.#remove(run, () => run.fail(new BackendError('lost', 'the runner was stopped')))
      clock.at(clock.now() + (how === 'now' ? 0 : machine.unloadMs), () => {
        this.#state = 'gone'
        this.#end.resolve({ asked: true, reason: 'stopped' })
      })
    }
    await this.ended
  }

  retime(): void {
    this.#pass()
    this.#plan()
  }

  readonly #desk = {
    now: () => this.#parts.clock.now(),
    stopAtBorder: (run: SimulatedRun) => {
      // Not in the batch: it waits for its KV cache to come or go, and ends when that is done.
      if (!this.#batch.has(run)) return
      this.#pass()
      run.toStep = Math.min(run.toStep, Math.floor(this.#steps) + 1)
      this.#plan()
    },
  }

  #join(run: SimulatedRun): void {
    this.#pass()
    this.#begin(run)
    if (run.phase === 'prompt') run.tellSoon()
    this.#batch.add(run)
    if (this.#batch.size === 1) this.#parts.shares.enter(this)
    this.#plan()
  }

  /** Sets what a job does from this step on. */
  #begin(run: SimulatedRun): void {
    const left = run.promptTokens - run.prompted
    run.phase = left > 0 || run.decoded === 0 ? 'prompt' : 'decode'
    run.phaseSince = this.#at
    run.fromStep = this.#steps
    if (run.phase === 'prompt') {
      // The last token of a prompt is computed even where all of it is remembered: it gives the first of the answer.
      const tokens = Math.max(1, left)
      const steps = Math.ceil(tokens / this.#parts.machine.promptChunk)
      run.tokensAStep = tokens / steps
      run.toStep = this.#steps + steps
      run.remembered = 0
    } else {
      run.tokensAStep = 1
      run.toStep = this.#steps + Math.max(0, run.answer - run.decoded)
      run.remembered = run.promptTokens + (run.decoded + run.answer) / 2
    }
  }

  /** Counts the steps that were done since the last look. */
  #pass(): void {
    const now = this.#parts.clock.now()
    if (this.#batch.size > 0 && this.#stepMs > 0) this.#steps += (now - this.#at) / this.#stepMs
    this.#at = now
  }

  /** Works out what a step takes now, and wakes when the first job's phase ends. */
  #plan(): void {
    const { clock, speed } = this.#parts
    this.#timer?.[Symbol.dispose]()
    this.#timer = null
    if (this.#batch.size === 0) {
      this.#steps = 0
      return
    }
    let decoding = 0
    let promptTokens = 0
    let remembered = 0
    let next = Infinity
    for (const run of this.#batch) {
      if (run.phase === 'prompt') promptTokens += run.tokensAStep
      else decoding += 1
      remembered += run.remembered
      next = Math.min(next, run.toStep)
    }
    this.#stepMs = stepMs(speed, { decoding, promptTokens, remembered }, this.#busy)
    const due = this.#at + Math.max(0, next - this.#steps) * this.#stepMs
    const look = this.#at + SIGN_OF_LIFE_MS
    this.#timer = clock.at(Math.min(due, look), () => {
      this.#pass()
      if (due <= look) this.#steps = Math.max(this.#steps, next)
      this.#due()
    })
  }

  /** By how much a device is slowed by others. */
  readonly #busy = (device: DeviceId): number => {
    const { machine, shares } = this.#parts
    const host = hostOf(machine)
    // The cores are divided by the scheduler itself, which tells each runner its share.
    return device === host.id && host.kind === 'ram' ? machine.cores / this.#threads : shares.on(device)
  }

  #due(): void {
    for (const run of Array.from(this.#batch)) {
      if (run.toStep > this.#steps + ROUNDING) this.#note(run)
      else this.#phaseEnds(run)
    }
    this.#plan()
  }

  #phaseEnds(run: SimulatedRun): void {
    this.#note(run)
    if (run.leaving === 'cancelled') return this.#remove(run, () => run.cancelled())
    if (run.leaving === 'parked' && run.decoded < run.answer) return this.#save(run)
    if (run.phase === 'prompt') {
      run.prompted = run.promptTokens
      if (run.job.kind === 'embed' || run.answer <= run.decoded + 1) {
        run.decoded = run.answer
        return this.#remove(run, () => run.finish())
      }
      // Computed again after it was forgotten, it gives its next token, not its first.
      run.decoded = Math.min(run.answer, Math.floor(run.decoded) + 1)
      this.#begin(run)
      return run.tell()
    }
    run.decoded = run.answer
    this.#remove(run, () => run.finish())
  }

  /** Writes down how far a job is, and gives a sign of life. */
  #note(run: SimulatedRun): void {
    const passed = this.#at - run.phaseSince
    const done = this.#tokensDone(run)
    if (run.phase === 'prompt') {
      run.promptMs += passed
      run.prompted = Math.min(run.promptTokens, run.prompted + done)
    } else {
      run.decodeMs += passed
      run.decoded = Math.min(run.answer, run.decoded + done)
    }
    run.fromStep = this.#steps
    run.phaseSince = this.#at
    if (run.toStep > this.#steps + ROUNDING) run.tell()
  }

  #tokensDone(run: SimulatedRun): Tokens {
    return (this.#steps - run.fromStep) * run.tokensAStep
  }

  #tokensOf(run: SimulatedRun): Tokens {
    const ahead = this.#batch.has(run) ? this.#tokensDone(run) : 0
    return run.prompted + run.decoded + ahead
  }

  #remove(run: SimulatedRun, told: () => void): void {
    this.#runs.delete(run)
    this.#takeFromBatch(run)
    told()
  }

  #takeFromBatch(run: SimulatedRun): void {
    if (!this.#batch.delete(run) || this.#batch.size > 0) return
    this.#timer?.[Symbol.dispose]()
    this.#timer = null
    this.#parts.shares.leave(this)
  }

  #save(run: SimulatedRun): void {
    const { clock, kvBytesPerToken, machine } = this.#parts
    run.phase = 'saving'
    this.#takeFromBatch(run)
    const tokens = Math.floor(run.prompted + run.decoded)
    const bytes = Math.ceil(tokens * kvBytesPerToken)
    const held: DeviceBytes[] = bytes === 0 ? [] : [{ device: hostOf(machine).id, bytes }]
    const { prompted, promptMs, decodeMs } = run
    // What was begun of a token is lost.
    const decoded = Math.floor(run.decoded + ROUNDING)
    const parked = new SimulatedParked(this, held, { prompted, decoded, promptMs, decodeMs })
    clock.at(clock.now() + this.#moveMs(bytes), () => {
      if (this.#runs.has(run))
        this.#remove(run, () => (run.leaving === 'cancelled' ? run.cancelled() : run.parked(parked)))
    })
  }

  #restore(run: SimulatedRun, from: SimulatedParked): void {
    const { clock } = this.#parts
    run.phase = 'restoring'
    const bytes = from.bytes.reduce((sum, each) => sum + each.bytes, 0)
    clock.at(clock.now() + this.#moveMs(bytes), () => {
      if (!this.#runs.has(run)) return
      if (run.leaving === 'cancelled') this.#remove(run, () => run.cancelled())
      else if (run.leaving === 'parked') this.#save(run)
      else this.#join(run)
    })
  }

  #moveMs(bytes: number): number {
    return (bytes * 1_000) / this.#parts.machine.parkBytesPerSecond
  }
}

const NO_WORK: Work = { promptTokens: 0, cachedTokens: 0, outputTokens: 0 }
