import type { Clock, ModelId, Scheduler, SchedulerEvent, SchedulerRequest, Ticket } from '@berth/scheduler'
import { askError } from './ask-error.js'
import type { Ask, AskEvent, LoadingView } from './contract.js'
import { LoadingWatch } from './loading-watch.js'

/** How often a waiting request is looked at, at most: people read no faster. */
const LOOK_MS = 100

/** What a request waits for before it is in the scheduler's line. */
export interface Preparation {
  readonly why: string
  readonly loading: LoadingView | null
}

export interface AsksOptions {
  readonly scheduler: Scheduler
  readonly clock: Clock
  /**
   * Chooses the model and makes it ready to be loaded (its files may have to be fetched).
   * @throws HostError, SchedulerError or BackendError where that cannot be done.
   */
  readonly prepare: (
    ask: Ask,
    report: (preparation: Preparation) => void,
    signal: AbortSignal,
  ) => Promise<Pick<SchedulerRequest, 'model' | 'wish'>>
}

/** One request of a tab, from the moment it was asked to its end. */
interface Current {
  readonly report: (event: AskEvent) => void
  readonly abort: AbortController
  /** Its place among the scheduler's requests, once it is there. */
  ticket: { readonly of: Ticket; readonly model: ModelId } | null
  /** The last `waiting` that was said, for comparison. */
  said: string
}

/** The tabs' requests: hands them to the scheduler and tells the tabs what becomes of them. */
export class Asks {
  readonly #options: AsksOptions
  readonly #current = new Set<Current>()
  readonly #byRequest = new Map<string, Current>()
  readonly #loading: LoadingWatch
  #look: Disposable | null = null

  constructor(options: AsksOptions) {
    this.#options = options
    this.#loading = new LoadingWatch(options.scheduler, options.clock)
    options.scheduler.on((event) => this.#heard(event))
  }

  /** Answers through `report`, to the `finished` piece or `failed`. Disposing cancels, and nothing is reported any more. */
  ask(ask: Ask, report: (event: AskEvent) => void): Disposable {
    const abort = new AbortController()
    const current: Current = {
      abort,
      ticket: null,
      said: '',
      report: (event) => {
        if (!abort.signal.aborted) report(event)
      },
    }
    this.#current.add(current)
    void this.#run(ask, current)
    return {
      [Symbol.dispose]: () => {
        abort.abort()
        current.ticket?.of.cancel('cancelled by its tab')
      },
    }
  }

  async #run(ask: Ask, current: Current): Promise<void> {
    const { report, abort } = current
    try {
      const { scheduler, prepare } = this.#options
      const chosen = await prepare(
        ask,
        ({ why, loading }) => this.#say(current, { type: 'waiting', position: 1, why, loading }),
        abort.signal,
      )
      abort.signal.throwIfAborted()
      const ticket = scheduler.submit({
        ...chosen,
        purpose: 'generate',
        job: ask.job,
        class: 'interactive',
        client: 'this browser',
        ...(ask.keepAliveMs === undefined ? {} : { keepAliveMs: ask.keepAliveMs }),
      })
      current.ticket = { of: ticket, model: chosen.model }
      this.#byRequest.set(ticket.id, current)
      this.#lookSoon()
      const grant = await ticket.granted
      report({ type: 'started', model: chosen.model, waitedMs: grant.waitedMs })
      for await (const piece of ticket.pieces) report({ type: 'pieces', pieces: [piece] })
    } catch (error) {
      report({ type: 'failed', error: askError(error) })
    } finally {
      this.#current.delete(current)
      if (current.ticket) this.#byRequest.delete(current.ticket.of.id)
    }
  }

  #heard(event: SchedulerEvent): void {
    if (event.type === 'progress') {
      const { progress } = event
      if (progress.phase !== 'prompt') return
      this.#byRequest.get(event.request)?.report({ type: 'prompt', tokens: progress.tokens, of: progress.of })
      return
    }
    this.#lookSoon()
  }

  #lookSoon(): void {
    if (this.#look !== null || this.#byRequest.size === 0) return
    const { clock } = this.#options
    this.#look = clock.at(clock.now() + LOOK_MS, () => {
      this.#look = null
      this.#lookAtAll()
    })
  }

  /** Says anew what each waiting request waits for, where that has changed. */
  #lookAtAll(): void {
    let loading: ReadonlyMap<ModelId, LoadingView> | null = null
    for (const current of this.#current) {
      if (current.ticket === null) continue
      const waiting = current.ticket.of.waiting()
      if (waiting === null) continue
      loading ??= this.#loading.views()
      this.#say(current, {
        type: 'waiting',
        ...waiting,
        loading: loading.get(current.ticket.model) ?? null,
      })
    }
  }

  #say(current: Current, event: AskEvent): void {
    const said = JSON.stringify(event)
    if (said === current.said) return
    current.said = said
    current.report(event)
  }
}
