import type { ModelId, SchedulerRequest } from '@berth/scheduler'
import type { Downloads } from '../downloads/index.js'
import { formatBytes } from '@berth/budget'
import { HostError } from './ask-error.js'
import type { Preparation } from './asks.js'
import { choosePlace } from './choose-place.js'
import type { Ask, ModelCard } from './contract.js'

export interface PreparationsOptions {
  readonly cards: () => readonly ModelCard[]
  /** Reads all lists anew. */
  readonly read: () => Promise<void>
  readonly downloads: Pick<Downloads, 'start' | 'pause' | 'views'>
}

/** What is done for a request before it gets into the scheduler's line: its place is chosen, its files are fetched. */
export class Preparations {
  readonly #options: PreparationsOptions
  readonly #listeners = new Set<() => void>()

  constructor(options: PreparationsOptions) {
    this.#options = options
  }

  /** @throws HostError where there is no such model, none where it is wanted, or none that this machine can run. */
  async prepare(
    ask: Ask,
    report: (preparation: Preparation) => void,
    signal: AbortSignal,
  ): Promise<Pick<SchedulerRequest, 'model' | 'wish'>> {
    await this.#know(ask.model)
    const choice = choosePlace(this.#options.cards(), ask.model, ask.where)
    if (choice.model === null) throw new HostError(choice.why)
    await this.ready(choice.model, report, signal)
    return { model: choice.model, ...(ask.wish === undefined ? {} : { wish: ask.wish }) }
  }

  /** Fetches what is missing of a model of this browser; nothing is to be done for a server's. */
  async ready(
    model: ModelId,
    report: (preparation: Preparation) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { stored } = await this.find(model)
    if (stored.state === 'stored' || stored.state === 'elsewhere') return
    const { downloads } = this.#options
    const wasRunning = downloads.views.some((view) => view.model === model && view.state === 'running')
    const tell = (): void => this.#tell(model, report)
    const stop = (): void => {
      // Who wanted nothing but the answer does not want the rest of the file either; what came is kept.
      if (!wasRunning) downloads.pause(model)
    }
    this.#listeners.add(tell)
    signal.addEventListener('abort', stop)
    try {
      await downloads.start(model)
    } finally {
      this.#listeners.delete(tell)
      signal.removeEventListener('abort', stop)
    }
  }

  /**
   * A model that this machine can run, or a server that answers.
   * @throws HostError
   */
  async find(model: ModelId): Promise<ModelCard> {
    await this.#know(model)
    const card = this.#options.cards().find(({ id }) => id === model)
    if (card === undefined) throw new HostError(`there is no model "${model}" any more`)
    if (card.fit.verdict !== 'does-not-fit') return card
    throw new HostError(
      `${card.name} cannot run ${card.place === 'server' ? 'there' : 'here'}: ${card.fit.why}`,
    )
  }

  /** To be called when a download got further. */
  progressed(): void {
    for (const listener of this.#listeners) listener()
  }

  /** A host that has just begun has not read all lists; who asks for what it knows need not wait for them. */
  async #know(model: ModelId): Promise<void> {
    if (!this.#options.cards().some(({ id }) => id === model)) await this.#options.read()
  }

  #tell(model: ModelId, report: (preparation: Preparation) => void): void {
    const view = this.#options.downloads.views.find((each) => each.model === model)
    if (view === undefined) return
    const { loadedBytes, totalBytes, leftMs } = view
    report({
      why: `fetches the model: ${formatBytes(loadedBytes)} of ${formatBytes(totalBytes)}`,
      loading: {
        stage: 'fetching',
        fraction: totalBytes === 0 ? 0 : Math.min(1, loadedBytes / totalBytes),
        loadedBytes,
        totalBytes,
        leftMs,
      },
    })
  }
}
