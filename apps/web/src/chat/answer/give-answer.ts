import type { Ask, AskEvent, HostClient } from '../../host/index.js'
import type { LiveAnswer } from './live-answer.js'
import { endAnswer, stepAnswer } from './live-answer.js'

/** How long at most the stored answer is behind the shown one. */
const STORE_EVERY_MS = 400

export interface AnswerEffects {
  /** Shows it; called once a frame at most, and at the end. */
  show(live: LiveAnswer): void
  /** Stores it; called every `STORE_EVERY_MS` at most, when the page is about to go, and at the end. */
  store(live: LiveAnswer): Promise<void>
}

/** The lock that whoever writes an answer holds: by it others know whether it is still being written. */
export function answerLock(message: string): string {
  return `berth-answer:${message}`
}

/**
 * Asks and follows the answer to its end. Never rejects: what goes wrong is in the answer.
 * @param signal stops it; the answer then is `stopped`.
 */
export async function giveAnswer(
  client: HostClient,
  ask: Ask,
  begun: LiveAnswer,
  effects: AnswerEffects,
  signal: AbortSignal,
): Promise<LiveAnswer> {
  let live = begun
  const shown = new FrameBatch(() => effects.show(live))
  const stored = new StoreBatch(() => effects.store(live))
  try {
    for await (const event of client.ask(ask, signal)) {
      live = stepAnswer(live, event, performance.now())
      shown.need()
      if (event.type === 'pieces') stored.need()
      if (live.phase.name === 'over' || signal.aborted) break
    }
    live = endAnswer(live, signal.aborted ? 'stopped' : 'interrupted')
  } catch (error) {
    live = stepAnswer(live, brokenOff(error), performance.now())
  }
  shown.end()
  effects.show(live)
  await stored.end()
  return live
}

function brokenOff(error: unknown): AskEvent {
  const message = error instanceof Error ? error.message : String(error)
  return { type: 'failed', error: { from: 'host', code: 'bad-ask', message } }
}

/** Puts what comes within one frame together. A hidden page has no frames: it is shown when it is looked at again. */
class FrameBatch {
  readonly #show: () => void
  #frame: number | null = null

  constructor(show: () => void) {
    this.#show = show
  }

  need(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null
      this.#show()
    })
  }

  end(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame)
    this.#frame = null
  }
}

/** Stores what grows from time to time, and before the page goes. One write at a time: a slow disk gets fewer. */
class StoreBatch {
  readonly #store: () => Promise<void>
  #timer: ReturnType<typeof setTimeout> | null = null
  #writing: Promise<void> | null = null
  #waiting = false

  constructor(store: () => Promise<void>) {
    this.#store = store
    addEventListener('pagehide', this.#now)
    document.addEventListener('visibilitychange', this.#now)
  }

  need(): void {
    this.#waiting = true
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      void this.#write()
    }, STORE_EVERY_MS)
  }

  /** The last write, which says that it is over; what is stored then stays. */
  async end(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    removeEventListener('pagehide', this.#now)
    document.removeEventListener('visibilitychange', this.#now)
    await this.#writing
    await this.#store()
  }

  readonly #now = (): void => {
    if (this.#waiting) void this.#write()
  }

  async #write(): Promise<void> {
    if (this.#writing !== null) {
      this.need()
      return
    }
    this.#waiting = false
    this.#writing = this.#store()
    try {
      await this.#writing
    } finally {
      this.#writing = null
    }
  }
}
