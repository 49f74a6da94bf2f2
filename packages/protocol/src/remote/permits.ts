import { BackendError, type SignalLike } from '@berth/scheduler'

/** So many at a time, over all models of a server; the others in the order in which they came. */
export class Permits {
  readonly #waiting = new Set<() => void>()
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  /** Resolves when there is a permit; disposing of it gives it back. Rejects with `aborted`, having left the line. */
  async take(signal: SignalLike): Promise<Disposable> {
    if (signal.aborted) throw aborted()
    if (this.#free > 0) this.#free -= 1
    else await this.#turn(signal)
    let over = false
    return {
      [Symbol.dispose]: () => {
        if (!over) this.#giveBack()
        over = true
      },
    }
  }

  #turn(signal: SignalLike): Promise<void> {
    return new Promise((resolve, reject) => {
      // Whoever is called has the permit, and its signal can take it from nobody any more.
      const go = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting.delete(go)
        signal.removeEventListener('abort', leave)
        reject(aborted())
      }
      this.#waiting.add(go)
      signal.addEventListener('abort', leave)
    })
  }

  #giveBack(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free += 1
      return
    }
    this.#waiting.delete(next)
    next()
  }
}

const aborted = (): BackendError => new BackendError('aborted', 'the job was cancelled')
