import type { Answer } from './answer.js'

/** How often a waiting request is looked at. */
const LOOK_MS = 1_000

/** A stream says something at least so often: proxies and clients take a silent one for dead. */
const SILENCE_MS = 15_000

/**
 * What a stream says of a request while there is nothing of its answer to send: where it stands in line and what
 * it waits for, whenever that changes, and now and then that it is still at work.
 */
export class WaitingLines {
  readonly #answer: Pick<Answer, 'begun' | 'waiting'>
  #said = ''
  #spokeAt = performance.now()

  constructor(answer: Pick<Answer, 'begun' | 'waiting'>) {
    this.#answer = answer
  }

  /** The next line; null as soon as the next piece of the answer, or its failure, is there. */
  async next(): Promise<string | null> {
    for (;;) {
      const line = this.#due()
      if (line !== null) {
        this.#spokeAt = performance.now()
        return line
      }
      if (await settledWithin(this.#answer.begun(), LOOK_MS)) break
    }
    this.#spokeAt = performance.now()
    return null
  }

  #due(): string | null {
    const waiting = this.#answer.waiting()
    const isSilent = performance.now() - this.#spokeAt >= SILENCE_MS
    if (waiting === null) return isSilent ? 'berth is at it' : null
    const { position, why, startsInMs } = waiting
    // The time that is expected changes all the time, and is nothing new by itself.
    const said = `berth position ${position}, ${why.replaceAll(/\s+/g, ' ')}`
    if (said === this.#said && !isSilent) return null
    this.#said = said
    return startsInMs === null ? said : `${said}, expected in ${Math.ceil(startsInMs / 1_000)} s`
  }
}

/** Whether a promise is settled, either way, before so many milliseconds are over. */
export async function settledWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms)
    const settled = (): void => {
      clearTimeout(timer)
      resolve(true)
    }
    work.then(settled, settled)
  })
}
