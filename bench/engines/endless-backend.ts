import type { MemoryProfile } from '@berth/budget'
import type { Backend, LoadSpec, Metrics, ModelInfo, Piece, Run, RunEnd, Runner } from '@berth/scheduler'
import { plainProfile } from '@berth/scheduler/testing'

const METRICS: Metrics = { promptTokens: 1, cachedTokens: 0, promptMs: 0, decodedTokens: 1, decodeMs: 0 }

/** A job that runs until it is told to finish. */
export class EndlessRun implements Run {
  readonly model: string
  readonly slotFree: Promise<RunEnd>
  #free!: (end: RunEnd) => void

  constructor(model: string) {
    this.model = model
    this.slotFree = new Promise((resolve) => {
      this.#free = resolve
    })
  }

  get pieces(): AsyncIterable<Piece> {
    throw new Error('Nobody reads these jobs')
  }

  finish(): void {
    this.#free({ how: 'finished', reason: 'stop', metrics: METRICS })
  }

  cancel(): void {
    this.#free({ how: 'cancelled', metrics: METRICS })
  }

  onProgress(): Disposable {
    return { [Symbol.dispose]: () => undefined }
  }

  park(): Promise<never> {
    return Promise.reject(new Error('Not for this benchmark'))
  }
}

/** Models that load at once and cost nothing, so that only the scheduler's own work is measured. */
export class EndlessBackend implements Backend {
  readonly name = 'endless'
  /** Jobs that run, in the order in which they started. */
  readonly running: EndlessRun[] = []
  readonly #models: readonly ModelInfo[]

  constructor(models: number) {
    this.#models = Array.from({ length: models }, (_, i) => ({
      id: `m${i}`,
      revision: '1',
      bytes: 0,
      purposes: ['embed'],
    }))
  }

  catalog(): Promise<readonly ModelInfo[]> {
    return Promise.resolve(this.#models)
  }

  profile(): Promise<MemoryProfile> {
    return Promise.resolve(plainProfile({ weights: 1e9, layers: 32 }))
  }

  load(spec: LoadSpec): Promise<Runner> {
    return Promise.resolve({
      spec,
      can: { cancel: 'chunk', park: 'none', memory: 'modelled' },
      start: () => {
        const run = new EndlessRun(spec.model)
        this.running.push(run)
        return run
      },
      countTokens: () => Promise.resolve(0),
      setThreads: () => undefined,
      onMemory: () => ({ [Symbol.dispose]: () => undefined }),
      stop: () => Promise.resolve(),
      ended: new Promise(() => undefined),
    })
  }
}
