import type { Bytes } from '@berth/budget'
import type { LoadProgress } from '@berth/scheduler'

/** Where each stage ends in the whole, by what it takes of the time; a load from storage has nothing to fetch. */
const FETCHED = 0.6
const ENDS = { reading: 0.5, compiling: 0.9, checking: 1 } as const

/** Makes one figure of a load's stages, which never goes back. */
export class LoadMeter {
  readonly #report: (progress: LoadProgress) => void
  #best = 0
  #begin = 0

  constructor(report: (progress: LoadProgress) => void) {
    this.#report = report
  }

  starting(): void {
    this.#say('starting', 0)
  }

  fetching(loadedBytes: Bytes, totalBytes: Bytes): void {
    this.#begin = FETCHED
    const share = totalBytes > 0 ? Math.min(1, loadedBytes / totalBytes) : 0
    this.#say('fetching', FETCHED * share, { loadedBytes, totalBytes })
  }

  /** Of what is in storage. */
  engine(stage: 'reading' | 'compiling' | 'checking', fraction: number): void {
    const from = stage === 'reading' ? 0 : stage === 'compiling' ? ENDS.reading : ENDS.compiling
    const within = from + (ENDS[stage] - from) * fraction
    this.#say(stage, this.#begin + (1 - this.#begin) * within)
  }

  done(): void {
    this.#say('checking', 1)
  }

  #say(
    stage: LoadProgress['stage'],
    fraction: number,
    bytes: { readonly loadedBytes?: Bytes; readonly totalBytes?: Bytes } = {},
  ): void {
    this.#best = Math.max(this.#best, Math.min(1, fraction))
    this.#report({ stage, fraction: this.#best, ...bytes })
  }
}
