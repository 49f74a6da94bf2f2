import type { DeviceBytes, MemoryProfile } from '@berth/budget'
import type {
  Backend,
  LoadProgress,
  LoadSpec,
  ModelId,
  ModelInfo,
  Purpose,
  Runner,
  RunnerAbilities,
} from '../backend.js'
import type { Clock } from '../clock.js'
import { deferred } from '../deferred.js'
import { BackendError } from '../errors.js'
import type { SignalLike } from '../signal.js'
import type { FakeParked } from './fake-parked.js'
import { FakeRunner } from './fake-runner.js'

/** A model of the fake: what it needs and how long things take, in the clock's milliseconds. */
export interface FakeModel {
  readonly profile: MemoryProfile
  readonly revision?: string
  readonly purposes?: readonly Purpose[]
  readonly loadMs?: number
  /** For the whole prompt. */
  readonly promptMs?: number
  readonly tokenMs?: number
  /** Tokens of an answer, where the job does not say fewer. */
  readonly tokens?: number
  readonly stopMs?: number
  /** Whether its jobs can be set aside; absent: with their KV. */
  readonly park?: RunnerAbilities['park']
  /** How long setting aside takes. */
  readonly parkMs?: number
  /** What a job that is set aside takes for each of its tokens. */
  readonly parkedPerToken?: DeviceBytes
  /** What the load turns out to take; absent: as estimated. */
  readonly measured?: (spec: LoadSpec) => readonly DeviceBytes[]
  /** What goes wrong with the next loads, one after the other; null: nothing. */
  readonly loadFailures?: (BackendError | 'stall' | null)[]
}

/**
 * A backend with no engine: its answers are the words `<model>-1 <model>-2 …`, and all it does takes the
 * time it is told to take, on the clock it is given. It records what it was asked to do.
 */
export class FakeBackend implements Backend {
  readonly name: string
  readonly models: Map<ModelId, FakeModel>
  /** "load a", "loaded a", "stop a", "gone a", in order. */
  readonly calls: string[] = []
  /** Runners that are loaded. */
  readonly runners = new Set<FakeRunner>()
  /** All that was ever set aside. */
  readonly parked: FakeParked[] = []
  readonly #clock: Clock

  constructor(clock: Clock, models: Readonly<Record<ModelId, FakeModel>>, name = 'fake') {
    this.#clock = clock
    this.models = new Map(Object.entries(models))
    this.name = name
  }

  catalog(): Promise<readonly ModelInfo[]> {
    const infos = [...this.models].map(([id, { revision, purposes }]) => ({
      id,
      revision: revision ?? '1',
      bytes: 0,
      purposes: purposes ?? (['generate', 'embed'] as const),
    }))
    return Promise.resolve(infos)
  }

  profile(model: ModelId): Promise<MemoryProfile> {
    const known = this.models.get(model)
    if (known === undefined) return Promise.reject(new BackendError('unknown-model', `no model ${model}`))
    return Promise.resolve(known.profile)
  }

  async load(spec: LoadSpec, report: (progress: LoadProgress) => void, signal: SignalLike): Promise<Runner> {
    const model = this.models.get(spec.model)
    if (model === undefined) throw new BackendError('unknown-model', `no model ${spec.model}`)
    this.calls.push(`load ${spec.model}`)
    report({ fraction: 0, stage: 'starting' })
    const failure = model.loadFailures?.shift() ?? null
    if (signal.aborted) throw new BackendError('aborted', String(signal.reason))
    await this.#pass(failure === 'stall' ? Infinity : (model.loadMs ?? 0), spec, signal)
    if (failure instanceof BackendError) {
      this.calls.push(`failed ${spec.model}`)
      throw failure
    }
    report({ fraction: 1, stage: 'checking' })
    this.calls.push(`loaded ${spec.model}`)
    const runner = new FakeRunner(spec, model, this.#clock, (parked) => this.parked.push(parked))
    this.runners.add(runner)
    void runner.ended.then(() => {
      this.runners.delete(runner)
      this.calls.push(`gone ${spec.model}`)
    })
    return runner
  }

  /** Lets a loaded model's runner die unasked. */
  crash(model: ModelId): void {
    for (const runner of this.runners) if (runner.spec.model === model) runner.crash('exit code 139')
  }

  async #pass(ms: number, spec: LoadSpec, signal: SignalLike): Promise<void> {
    const done = deferred<void>()
    const timer = this.#clock.at(this.#clock.now() + ms, () => done.resolve())
    const abort = () => {
      this.calls.push(`aborted ${spec.model}`)
      done.reject(new BackendError('aborted', String(signal.reason)))
    }
    signal.addEventListener('abort', abort)
    try {
      await done.promise
    } finally {
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', abort)
    }
  }
}
