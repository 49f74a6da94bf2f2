import type { Bytes, MemoryProfile, Tokens } from '@berth/budget'
import type { ModelId, Purpose } from '../backend.js'
import type { SchedulerEvent } from '../events.js'
import type { RequestId } from '../request.js'
import type { Snapshot } from '../snapshot.js'
import { RateLearner } from './learn-rates.js'
import type { TraceModel, TraceRequest } from './trace.js'

/** Clients that are told apart; later ones are together. */
const CLIENTS = 10_000

/** What the events do not say of a model: what it needs of memory. */
export interface ModelFacts {
  readonly bytes: Bytes
  readonly profile: MemoryProfile
}

interface Open {
  readonly at: number
  readonly wants: Pick<TraceRequest, 'model' | 'client' | 'class' | 'purpose'> & {
    readonly maxTokens?: Tokens
    readonly contextLength?: Tokens
    readonly keepAliveMs?: number
  }
  prompted: Tokens
  decoded: Tokens
  /** Undefined while it is not over; null where it is left out. */
  line: TraceRequest | null | undefined
}

/**
 * Makes a trace of what a scheduler does, from its events: when each request came and how long it turned out to be,
 * never what it said. Clients are numbered as they come unless their names are to be kept. Requests that were
 * refused, or ended before they had begun, are left out: how long they would have been, nobody knows.
 */
export class TraceRecorder {
  readonly #from: number
  readonly #keepNames: boolean
  readonly #rates = new RateLearner()
  readonly #facts = new Map<ModelId, ModelFacts & { purposes: Set<Purpose> }>()
  readonly #clients = new Map<string, string>()
  /** In the order in which they came; the first of them is not over. */
  readonly #open = new Map<RequestId, Open>()
  #leftOut = 0

  /** @param from how things stand at the beginning of the trace; the events after it are its. */
  constructor(from: Snapshot, { keepNames = false }: { readonly keepNames?: boolean } = {}) {
    this.#from = from.at
    this.#keepNames = keepNames
    this.#rates.begin(from.runners, from.at)
  }

  /** Requests that came and are not in the trace. */
  get leftOut(): number {
    return this.#leftOut
  }

  /** To be called once for every model and purpose, at any time before the end. */
  know(model: ModelId, purpose: Purpose, facts: ModelFacts): void {
    const known = this.#facts.get(model)
    if (known === undefined) this.#facts.set(model, { ...facts, purposes: new Set([purpose]) })
    else known.purposes.add(purpose)
  }

  /** To be called with every event, in order. Returns the lines that are complete by it: a request's follows when it, and all that came before it, are over. */
  hear(event: SchedulerEvent): readonly TraceRequest[] {
    this.#rates.hear(event)
    switch (event.type) {
      case 'queued':
        this.#open.set(event.request, this.#opened(event))
        return []
      case 'progress': {
        const open = this.#open.get(event.request)
        if (open === undefined || event.progress.phase === 'waiting') return []
        if (event.progress.phase === 'prompt') open.prompted = event.progress.of
        else open.decoded = event.progress.tokens
        return []
      }
      case 'finished': {
        const open = this.#open.get(event.request)
        if (open === undefined) return []
        if (event.metrics === null) return this.#end(open, null)
        const { promptTokens, cachedTokens, decodedTokens } = event.metrics
        return this.#end(open, { promptTokens, cachedTokens, outputTokens: decodedTokens })
      }
      case 'cancelled':
      case 'failed':
      case 'refused': {
        const open = this.#open.get(event.request)
        if (open === undefined) return []
        const { prompted, decoded } = open
        return this.#end(
          open,
          decoded === 0 ? null : { promptTokens: prompted, cachedTokens: 0, outputTokens: decoded },
        )
      }
      case 'waiting':
      case 'running':
      case 'preempted':
      case 'reclassed':
      case 'retried':
      case 'state':
      case 'loading':
      case 'measured':
      case 'draining':
      case 'evicted':
      case 'pinned':
      case 'lost':
      case 'load-failed':
        return []
    }
  }

  /** The models of the trace, with how fast they were. Those whose facts nobody told are left out, as their requests must be. */
  models(): readonly TraceModel[] {
    const rates = new Map(this.#rates.rates())
    return [...this.#facts].map(([model, { bytes, profile, purposes }]): TraceModel => {
      const seen = rates.get(model)
      return {
        type: 'model',
        model,
        bytes,
        purposes: [...purposes],
        profile,
        ...(seen === undefined ? {} : { rates: seen }),
      }
    })
  }

  #opened(event: SchedulerEvent & { type: 'queued' }): Open {
    const { model, class: kind, purpose, maxTokens, contextLength, keepAliveMs } = event
    return {
      at: event.at - this.#from,
      wants: {
        model,
        client: this.#client(event.client),
        class: kind,
        purpose,
        ...(maxTokens === undefined ? {} : { maxTokens }),
        ...(contextLength === undefined ? {} : { contextLength }),
        ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
      },
      prompted: 0,
      decoded: 0,
      line: undefined,
    }
  }

  #client(name: string): string {
    if (this.#keepNames) return name
    let number = this.#clients.get(name)
    if (number === undefined) {
      if (this.#clients.size >= CLIENTS) return 'others'
      number = `c${this.#clients.size + 1}`
      this.#clients.set(name, number)
    }
    return number
  }

  #end(
    open: Open,
    was: Pick<TraceRequest, 'promptTokens' | 'cachedTokens' | 'outputTokens'> | null,
  ): readonly TraceRequest[] {
    const { at, wants } = open
    open.line = was === null ? null : { type: 'request', at, ...wants, ...was }
    if (was === null) this.#leftOut += 1
    const lines: TraceRequest[] = []
    for (const [id, first] of this.#open) {
      if (first.line === undefined) break
      this.#open.delete(id)
      if (first.line !== null) lines.push(first.line)
    }
    return lines
  }
}
