import { deferred } from '@berth/scheduler'
import type { Deferred, ModelId } from '@berth/scheduler'
import type { Bytes } from '@berth/budget'
import type { WeightFile } from '../storage/index.js'
import { isQuotaExceeded } from './download-error.js'
import type { DownloadList, RememberedDownload } from './download-list.js'
import { NO_PROGRESS, OneDownload } from './one-download.js'
import type { DownloadTools, Progress } from './one-download.js'

/** A download as it is shown. */
export interface DownloadView extends Progress {
  readonly model: ModelId
  readonly state: 'running' | 'paused' | 'failed'
  readonly error?: string
}

export interface DownloadsOptions extends DownloadTools {
  readonly list: DownloadList
  /**
   * The files of a model.
   * @throws BackendError where the network fails (`lost`), or they are no model's.
   */
  readonly filesOf: (model: ModelId, signal: AbortSignal) => Promise<readonly WeightFile[]>
  /** Something has changed that is shown. */
  readonly changed: () => void
  /** All files of a model are stored now. */
  readonly stored: (model: ModelId) => void
  /** What to say when there is no room for what is missing. */
  readonly noRoom: (missing: Bytes, model: ModelId) => string
}

interface Entry {
  view: DownloadView
  running: OneDownload | null
  /** Resolves when nothing is written any more. */
  idle: Promise<void>
  /** Settled when the model is stored, or the download has stopped or failed. */
  outcome: Deferred<void>
}

/** How often progress is told, and written down, at most. */
const TELL_MS = 250
const WRITE_MS = 2_000

/** All downloads of this browser: one at a time for a model, as many models as the user likes. */
export class Downloads {
  readonly #options: DownloadsOptions
  readonly #entries = new Map<ModelId, Entry>()
  #telling: Disposable | null = null
  #writing: Disposable | null = null

  constructor(options: DownloadsOptions) {
    this.#options = options
  }

  /** Goes on with what ran when the last host went, and shows what was paused or had failed. */
  async resume(): Promise<void> {
    for (const { model, state, error, loadedBytes, totalBytes } of await this.#options.list.read()) {
      if (this.#entries.has(model)) continue
      const progress: Progress = { ...NO_PROGRESS, loadedBytes, totalBytes }
      const view: DownloadView = { ...progress, model, state, ...(error === undefined ? {} : { error }) }
      this.#entries.set(model, { view, running: null, idle: Promise.resolve(), outcome: deferred() })
      if (state === 'running') void this.#run(model)
    }
    this.#options.changed()
  }

  get views(): readonly DownloadView[] {
    return [...this.#entries.values()].map(({ view }) => view)
  }

  /** Starts, or goes on where it stopped. Resolves when the model is stored; rejects when it is paused, cancelled or fails. */
  start(model: ModelId): Promise<void> {
    const entry = this.#entries.get(model)
    if (entry?.running) return entry.outcome.promise
    this.#entries.set(model, {
      view: { ...(entry?.view ?? NO_PROGRESS), model, state: 'running' },
      running: null,
      // A pause may not be over: the new one must not write beside the old one.
      idle: entry?.idle ?? Promise.resolve(),
      outcome: deferred(),
    })
    return this.#run(model)
  }

  pause(model: ModelId): void {
    const entry = this.#entries.get(model)
    if (entry === undefined || entry.view.state === 'failed') return
    this.#stop(entry, 'paused')
    entry.view = { ...entry.view, state: 'paused', leftMs: null }
    this.#changed()
  }

  /** Ends it and throws away the parts that it had; whole files are their engine's to delete. */
  async cancel(model: ModelId): Promise<void> {
    const entry = this.#entries.get(model)
    if (entry === undefined) return
    this.#stop(entry, 'cancelled')
    this.#entries.delete(model)
    this.#changed()
    await entry.idle
    await this.#options.parts(model).dropAll()
  }

  #run(model: ModelId): Promise<void> {
    const entry = this.#entries.get(model)
    if (entry === undefined) return Promise.reject(new Error(`nobody downloads ${model}`))
    const one = new OneDownload(model, this.#options, (progress) => {
      if (entry.running !== one) return
      entry.view = { model, state: 'running', ...progress }
      this.#tellSoon()
    })
    entry.running = one
    this.#changed()
    const before = entry.idle
    entry.idle = (async () => {
      await before
      try {
        await one.run((signal) => this.#options.filesOf(model, signal))
        this.#done(entry, one)
      } catch (error) {
        this.#failed(entry, one, error)
      }
    })()
    return entry.outcome.promise
  }

  #done(entry: Entry, one: OneDownload): void {
    if (entry.running !== one) return
    entry.running = null
    this.#entries.delete(one.model)
    this.#changed()
    this.#options.stored(one.model)
    entry.outcome.resolve()
  }

  #failed(entry: Entry, one: OneDownload, error: unknown): void {
    if (entry.running !== one) return
    entry.running = null
    const { loadedBytes, totalBytes } = entry.view
    const said = isQuotaExceeded(error)
      ? this.#options.noRoom(Math.max(0, totalBytes - loadedBytes), one.model)
      : error instanceof Error
        ? error.message
        : String(error)
    entry.view = { ...entry.view, state: 'failed', leftMs: null, error: said }
    this.#changed()
    entry.outcome.reject(new Error(said))
  }

  #stop(entry: Entry, how: 'paused' | 'cancelled'): void {
    entry.running?.stop()
    entry.running = null
    entry.outcome.reject(new Error(`the download was ${how}`))
  }

  #changed(): void {
    this.#write()
    this.#options.changed()
  }

  #tellSoon(): void {
    const { clock, changed } = this.#options
    if (this.#telling === null)
      this.#telling = clock.at(clock.now() + TELL_MS, () => {
        this.#telling = null
        changed()
      })
    if (this.#writing === null)
      this.#writing = clock.at(clock.now() + WRITE_MS, () => {
        this.#writing = null
        this.#write()
      })
  }

  #write(): void {
    const list = this.views.map(({ model, state, error, loadedBytes, totalBytes }): RememberedDownload => ({
      model,
      state,
      loadedBytes,
      totalBytes,
      ...(error === undefined ? {} : { error }),
    }))
    // A list that cannot be written costs a click after the next reload, and nothing else.
    void this.#options.list.write(list).catch(() => undefined)
  }
}
