/** Past so many, they are handed on without a frame: a hidden page has none. */
export const MOST_WAITING = 2_000

/** What waits for the next frame. */
export interface Frames {
  request(callback: () => void): number
  cancel(handle: number): void
}

export const browserFrames: Frames = {
  request: (callback) => requestAnimationFrame(callback),
  cancel: (handle) => cancelAnimationFrame(handle),
}

/** Hands on what comes, all that came since the last frame at once: however much it is, a page is drawn once. */
export class FrameBatch<T> implements Disposable {
  readonly #frames: Frames
  readonly #take: (batch: readonly T[]) => void
  #waiting: T[] = []
  #handle: number | null = null

  constructor(frames: Frames, take: (batch: readonly T[]) => void) {
    this.#frames = frames
    this.#take = take
  }

  add(item: T): void {
    this.#waiting.push(item)
    if (this.#waiting.length >= MOST_WAITING) this.flush()
    else this.#handle ??= this.#frames.request(() => this.flush())
  }

  /** Without waiting for the frame. */
  flush(): void {
    if (this.#handle !== null) this.#frames.cancel(this.#handle)
    this.#handle = null
    const batch = this.#waiting
    this.#waiting = []
    if (batch.length > 0) this.#take(batch)
  }

  [Symbol.dispose](): void {
    if (this.#handle !== null) this.#frames.cancel(this.#handle)
    this.#handle = null
    this.#waiting = []
  }
}
