import { deferred } from '@berth/scheduler'
import type { Clock, ModelId } from '@berth/scheduler'
import type { Bytes } from '@berth/budget'
import type { WeightFile } from '../storage/index.js'
import { DownloadError, isQuotaExceeded, pauseAfter } from './download-error.js'
import { fetchFile, partsKey } from './fetch-file.js'
import type { PartialFile, PartStore } from './part-store.js'
import { TimeLeft } from './time-left.js'

export interface DownloadTools {
  /** The parts of a model's files. */
  readonly parts: (model: ModelId) => PartStore
  readonly clock: Clock
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}

export interface Progress {
  readonly loadedBytes: Bytes
  /** Of the files whose size is known. */
  readonly totalBytes: Bytes
  readonly files: { readonly done: number; readonly of: number }
  readonly leftMs: number | null
}

export const NO_PROGRESS: Progress = {
  loadedBytes: 0,
  totalBytes: 0,
  files: { done: 0, of: 0 },
  leftMs: null,
}

interface Entry {
  readonly file: WeightFile
  here: Bytes
  total: Bytes | null
  done: boolean
}

/** A broken file is fetched once more: then it is not the connection's fault. */
const MOST_BROKEN = 2

/** The files of one model, one after the other, from where they are to their end. */
export class OneDownload {
  readonly model: ModelId
  readonly #tools: DownloadTools
  readonly #parts: PartStore
  readonly #report: (progress: Progress) => void
  readonly #abort = new AbortController()
  readonly #left = new TimeLeft()
  #files: readonly Entry[] = []

  constructor(model: ModelId, tools: DownloadTools, report: (progress: Progress) => void) {
    this.model = model
    this.#tools = tools
    this.#parts = tools.parts(model)
    this.#report = report
  }

  /** Stops soon; what came is kept. */
  stop(): void {
    this.#abort.abort(STOPPED)
  }

  /**
   * Resolves when all files are stored.
   * @throws DownloadError, `QuotaExceededError`, or what an engine says of a file that is broken.
   */
  async run(filesOf: (signal: AbortSignal) => Promise<readonly WeightFile[]>): Promise<void> {
    const files = await this.#persist(
      () => filesOf(this.#abort.signal),
      () => 0,
    )
    this.#files = await Promise.all(
      files.map(async (file) => {
        const done = await file.stored()
        const partial = done ? null : await this.#parts.find(partsKey(file))
        const total = file.bytes ?? partial?.total ?? null
        return { file, done, total, here: done ? (total ?? 0) : (partial?.bytes ?? 0) }
      }),
    )
    this.#show()
    for (const entry of this.#files) {
      this.#abort.signal.throwIfAborted()
      if (entry.done) continue
      await this.#fetchAndStore(entry)
    }
  }

  async #fetchAndStore(entry: Entry): Promise<void> {
    const { file } = entry
    for (let broken = 1; ; broken++) {
      const whole = await this.#persist(
        () => this.#fetch(entry),
        () => entry.here,
      ).catch(async (error: unknown) => {
        // What came and could not be kept must not be taken for something that is here.
        entry.here = (await this.#parts.find(partsKey(file)))?.bytes ?? 0
        this.#show()
        throw error
      })
      this.#abort.signal.throwIfAborted()
      try {
        await this.#store(file, whole)
        break
      } catch (error) {
        if (isQuotaExceeded(error)) throw error
        // The bytes are wrong: no use to keep them.
        await this.#parts.drop(partsKey(file))
        entry.here = 0
        this.#show()
        if (broken >= MOST_BROKEN) throw error
      }
    }
    entry.done = true
    entry.total ??= entry.here
    entry.here = entry.total
    this.#show()
  }

  async #fetch(entry: Entry): Promise<PartialFile> {
    return await fetchFile(entry.file, {
      ...this.#tools,
      parts: this.#parts,
      signal: this.#abort.signal,
      progress: (bytes, total) => {
        entry.here = bytes
        entry.total = total ?? entry.total
        this.#show()
      },
    })
  }

  /** Moves a whole file to its engine's place. Its parts go first where there is no room for both, and come back if that is not enough either. */
  async #store(file: WeightFile, partial: PartialFile): Promise<void> {
    const parts = this.#parts
    const data = await parts.whole(partsKey(file), partial)
    try {
      await file.store(data)
    } catch (error) {
      if (!isQuotaExceeded(error)) throw error
      await parts.drop(partsKey(file))
      try {
        await file.store(data)
      } catch (again) {
        if (isQuotaExceeded(again)) {
          await parts.append(partsKey(file), null, new Uint8Array(data), {
            etag: partial.etag,
            total: partial.total,
          })
        }
        throw again
      }
      return
    }
    await parts.drop(partsKey(file))
  }

  /**
   * Tries until it is done, with growing pauses, as long as there is hope.
   * @param at how far it is: a try that got further was not in vain.
   */
  async #persist<T>(attempt: () => Promise<T>, at: () => Bytes): Promise<T> {
    for (let inVain = 0; ;) {
      const before = at()
      try {
        return await attempt()
      } catch (error) {
        this.#abort.signal.throwIfAborted()
        if (!mayHelp(error)) throw error
        inVain = at() > before ? 1 : inVain + 1
        const pause = pauseAfter(inVain)
        if (pause === null) throw error
        await this.#pause(pause)
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    const { clock } = this.#tools
    const { signal } = this.#abort
    const over = deferred<void>()
    const timer = clock.at(clock.now() + ms, () => over.resolve())
    const stop = (): void => over.reject(signal.reason)
    signal.addEventListener('abort', stop)
    try {
      await over.promise
    } finally {
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', stop)
    }
  }

  #show(): void {
    const loadedBytes = this.#files.reduce((sum, { here }) => sum + here, 0)
    const totalBytes = this.#files.reduce((sum, { total, here }) => sum + Math.max(total ?? 0, here), 0)
    const done = this.#files.filter((entry) => entry.done).length
    this.#report({
      loadedBytes,
      totalBytes,
      files: { done, of: this.#files.length },
      leftMs: this.#left.note(loadedBytes, totalBytes, this.#tools.clock.now()),
    })
  }
}

const STOPPED = new DownloadError('never', 'stopped')

/** Whether another try may do: an engine's error about the network has its own class. */
function mayHelp(error: unknown): boolean {
  if (error instanceof DownloadError) return error.hope === 'again'
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    (error.code === 'lost' || error.code === 'busy')
  )
}
