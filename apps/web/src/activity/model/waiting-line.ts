import type { RequestClass, SchedulerEvent, WaitingSnapshot } from '@berth/scheduler'
import type { WaitView } from './views.js'

/** More are counted and not kept one by one. */
const MOST = 1_000

/**
 * Who waits, in the order in which they would be served. Events tell who comes and goes; the order among those
 * that stay changes silently, and the next snapshot has it.
 */
export class WaitingLine {
  #line: WaitView[] = []
  #more = 0

  get line(): readonly WaitView[] {
    return this.#line
  }

  /** How many wait, the ones that are not kept included. */
  get count(): number {
    return this.#line.length + this.#more
  }

  reset(queue: readonly WaitingSnapshot[], toPage: (at: number) => number, now: number): void {
    this.#line = queue.slice(0, MOST).map((one) => ({
      request: one.request,
      model: one.model,
      class: one.class,
      client: one.client,
      why: one.why,
      since: toPage(one.since),
      startsAt: one.startsInMs === null ? null : now + one.startsInMs,
      parkedTokens: one.parked?.tokens ?? null,
    }))
    this.#more = queue.length - this.#line.length
  }

  find(request: string): WaitView | undefined {
    return this.#line.find((one) => one.request === request)
  }

  /** @param was what ran until now, where a request goes back to waiting. */
  apply(
    event: SchedulerEvent,
    at: number,
    was?: { readonly class: RequestClass; readonly client: string },
  ): void {
    switch (event.type) {
      case 'queued':
        this.#insert(event.position - 1, {
          request: event.request,
          model: event.model,
          class: event.class,
          client: event.client,
          why: 'has just come',
          since: at,
          startsAt: null,
          parkedTokens: null,
        })
        break
      case 'waiting':
        this.#change(event.request, { why: event.why })
        break
      case 'reclassed':
        this.#change(event.request, { class: event.class })
        break
      case 'preempted':
      case 'retried':
        this.#insert(0, {
          request: event.request,
          model: event.model,
          class: was?.class ?? 'normal',
          client: was?.client ?? '',
          why: event.why,
          since: at,
          startsAt: null,
          parkedTokens: event.type === 'preempted' ? event.tokens : null,
        })
        break
      case 'running':
      case 'refused':
        if (!this.#remove(event.request) && this.#more > 0) this.#more -= 1
        break
      case 'finished':
      case 'cancelled':
      case 'failed':
        this.#remove(event.request)
        break
      case 'draining':
      case 'evicted':
      case 'load-failed':
      case 'loading':
      case 'lost':
      case 'measured':
      case 'pinned':
      case 'progress':
      case 'state':
        break
    }
  }

  #insert(index: number, one: WaitView): void {
    // Said twice (a preempted one that is also queued): it has one place.
    this.#line = this.#line.filter(({ request }) => request !== one.request)
    this.#line.splice(index, 0, one)
    if (this.#line.length > MOST) {
      this.#line.pop()
      this.#more += 1
    }
  }

  #remove(request: string): boolean {
    const index = this.#line.findIndex((one) => one.request === request)
    if (index !== -1) this.#line = this.#line.toSpliced(index, 1)
    return index !== -1
  }

  #change(request: string, patch: Partial<WaitView>): void {
    const index = this.#line.findIndex((one) => one.request === request)
    const had = this.#line[index]
    if (had !== undefined) this.#line = this.#line.with(index, { ...had, ...patch })
  }
}
