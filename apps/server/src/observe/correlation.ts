import type { RequestId, SchedulerEvent, SchedulerRequest, Ticket } from '@berth/scheduler'

/** Types of events after which a request has no more. */
const LAST: ReadonlySet<string> = new Set(['finished', 'cancelled', 'refused', 'failed'])

/**
 * Knows which HTTP request a scheduler's request belongs to, so that the log can say both. A request's
 * first events come while it is being submitted, before its ticket is there: those are the ones between.
 */
export class Correlation {
  readonly #requestIds = new Map<RequestId, string>()
  #submitting: string | undefined

  submit(
    requestId: string,
    request: SchedulerRequest,
    submit: (request: SchedulerRequest) => Ticket,
  ): Ticket {
    this.#submitting = requestId
    try {
      return submit(request)
    } finally {
      this.#submitting = undefined
    }
  }

  /** The id of the HTTP request behind an event, where there is one. To be asked once for each event, in order. */
  of(event: SchedulerEvent): string | undefined {
    if (!('request' in event)) return undefined
    if (event.type === 'queued' && this.#submitting !== undefined) {
      this.#requestIds.set(event.request, this.#submitting)
    }
    const id = this.#requestIds.get(event.request)
    if (LAST.has(event.type)) this.#requestIds.delete(event.request)
    return id
  }
}
