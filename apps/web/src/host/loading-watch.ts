import type { Clock, ModelId, RunnerId, Scheduler } from '@berth/scheduler'
import type { LoadingView } from './contract.js'
import { TimeLeft } from '../downloads/index.js'

/** How far loads are, with the time they have left. */
export class LoadingWatch {
  readonly #scheduler: Scheduler
  readonly #clock: Clock
  readonly #left = new Map<RunnerId, TimeLeft>()

  constructor(scheduler: Scheduler, clock: Clock) {
    this.#scheduler = scheduler
    this.#clock = clock
  }

  /** The loads that are under way now, by model. To be called now and then while there are any. */
  views(): ReadonlyMap<ModelId, LoadingView> {
    const views = new Map<ModelId, LoadingView>()
    const loading = this.#scheduler.snapshot().runners.filter(({ state }) => state === 'loading')
    for (const id of this.#left.keys()) if (!loading.some((runner) => runner.id === id)) this.#left.delete(id)
    for (const { id, model, loading: progress } of loading) {
      if (progress === null) continue
      const left = this.#left.get(id) ?? new TimeLeft()
      this.#left.set(id, left)
      views.set(model, { ...progress, leftMs: left.note(progress.fraction, 1, this.#clock.now()) })
    }
    return views
  }
}
