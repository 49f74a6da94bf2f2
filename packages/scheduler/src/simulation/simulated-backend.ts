import type { MemoryProfile } from '@berth/budget'
import type { Backend, LoadProgress, LoadSpec, ModelId, ModelInfo, Purpose, Runner } from '../backend.js'
import type { Clock } from '../clock.js'
import { BackendError } from '../errors.js'
import type { SignalLike } from '../signal.js'
import { DeviceShares } from './device-shares.js'
import { FairShare } from './fair-share.js'
import type { MachineModel } from './machine.js'
import { profileOfShape } from './shape-profile.js'
import { SimulatedRunner } from './simulated-runner.js'
import { kvBytesPerToken, loadFixedMs, loadWorkMs, speedOf } from './speed.js'
import type { TraceModel } from './trace.js'

/** A load says that it lives at least this often; the watchdog listens for it. */
const SIGN_OF_LIFE_MS = 60_000

interface Known {
  readonly model: TraceModel
  readonly profile: MemoryProfile
}

/** An engine that only takes the time that a machine would: models come from a trace, speeds from the machine. */
export class SimulatedBackend implements Backend {
  readonly name = 'simulated'
  readonly shares: DeviceShares
  /** Runners that are loaded. */
  readonly runners = new Set<SimulatedRunner>()
  readonly #clock: Clock
  readonly #machine: MachineModel
  readonly #disk: FairShare
  readonly #models = new Map<ModelId, Known>()
  #catalog: readonly ModelInfo[] | null = null

  constructor(clock: Clock, machine: MachineModel) {
    this.#clock = clock
    this.#machine = machine
    this.#disk = new FairShare(clock)
    this.shares = new DeviceShares(
      clock,
      machine.devices.map(({ id }) => id),
    )
  }

  add(model: TraceModel): void {
    this.#models.set(model.model, { model, profile: model.profile ?? profileOfShape(model) })
    this.#catalog = null
  }

  /** Undefined for a model that the trace has not named. */
  known(model: ModelId): Known | undefined {
    return this.#models.get(model)
  }

  catalog(): Promise<readonly ModelInfo[]> {
    this.#catalog ??= [...this.#models.values()].map(({ model }) => ({
      id: model.model,
      revision: model.model,
      bytes: model.bytes,
      purposes: model.purposes ?? (['generate', 'embed'] satisfies Purpose[]),
    }))
    return Promise.resolve(this.#catalog)
  }

  profile(model: ModelId): Promise<MemoryProfile> {
    const known = this.#models.get(model)
    if (known === undefined) return Promise.reject(new BackendError('unknown-model', `no model ${model}`))
    return Promise.resolve(known.profile)
  }

  /** A process starts, then the disk is read, beside other loads; then the first token is there. */
  load(spec: LoadSpec, report: (progress: LoadProgress) => void, signal: SignalLike): Promise<Runner> {
    const known = this.#models.get(spec.model)
    if (known === undefined)
      return Promise.reject(new BackendError('unknown-model', `no model ${spec.model}`))
    return new Promise((resolve, reject) => {
      const clock = this.#clock
      const held: { step: Disposable; sign: Disposable | null } = { step: NOTHING, sign: null }
      let stage: LoadProgress['stage'] = 'starting'
      const live = () => {
        report({ fraction: stage === 'starting' ? 0 : 0.5, stage })
        held.sign = clock.at(clock.now() + SIGN_OF_LIFE_MS, live)
      }
      const end = () => {
        held.step[Symbol.dispose]()
        held.sign?.[Symbol.dispose]()
        signal.removeEventListener('abort', abort)
      }
      const abort = () => {
        end()
        reject(new BackendError('aborted', String(signal.reason)))
      }
      const loaded = () => {
        end()
        report({ fraction: 1, stage: 'checking' })
        resolve(this.#runner(spec, known))
      }
      const read = () => {
        stage = 'reading'
        held.step = this.#disk.add(loadWorkMs(known.model, this.#machine), loaded)
      }
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort)
      held.step = clock.at(clock.now() + loadFixedMs(known.model, this.#machine), read)
      live()
    })
  }

  #runner(spec: LoadSpec, { model, profile }: Known): SimulatedRunner {
    const runner = new SimulatedRunner(spec, {
      clock: this.#clock,
      machine: this.#machine,
      shares: this.shares,
      speed: speedOf(model, profile, spec.placement, this.#machine),
      kvBytesPerToken: kvBytesPerToken(profile),
    })
    this.runners.add(runner)
    void runner.ended.then(() => this.runners.delete(runner))
    return runner
  }
}

const NOTHING: Disposable = { [Symbol.dispose]: () => undefined }
