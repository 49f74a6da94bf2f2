import type { RunEnd, RunProgress } from '../backend.js'
import type { Clock } from '../clock.js'
import type { Metrics } from '../piece.js'
import type { RequestClass } from '../request.js'
import { byOrder, type RequestRecord } from '../request-record.js'
import type { SchedulerSettings } from '../settings.js'
import { Clients } from './clients.js'
import { FairLine, type FairRules } from './fair-line.js'
import type { Order } from './order.js'
import { placeOf, Places, type FairPlace, type Level } from './places.js'

/**
 * What a token costs its client: the weights of Sheng et al. A token of the prompt that was in the KV cache
 * already costs nothing, for nothing is computed: who goes on where a conversation stopped keeps nobody waiting.
 */
const PROMPT = 1
const DECODE = 2

const LEVELS: Readonly<Record<RequestClass, Level>> = { interactive: 0, normal: 1, batch: 2 }

/** By class, then the client that has had the fewest tokens, then arrival; and a turn now and then for who has waited longer than its class may. */
export class FairOrder implements Order {
  /** Its head is that of the line in which the first place is. */
  readonly all: Places = new Places((first) => first.line.waiting.first)
  readonly #settings: Pick<SchedulerSettings, 'classDelayMs' | 'starvationMs'>
  readonly #clients = new Clients()
  readonly #rules: FairRules

  constructor(clock: Clock, settings: Pick<SchedulerSettings, 'classDelayMs' | 'starvationMs'>) {
    this.#settings = settings
    this.#rules = {
      now: () => clock.now(),
      settle: () => this.#clients.settle(),
    }
  }

  newLine(): FairLine {
    return new FairLine(this.#rules)
  }

  add(record: RequestRecord): void {
    const client = this.#clients.enter(record.client)
    if (record.fair === null) {
      client.planned = Math.max(client.planned, client.counter)
      const tag = client.planned
      record.fair = { client, level: 0, due: 0, tag, at: 'nowhere', charged: 0, prompt: 0 }
      const { promptTokens, decodeTokens } = record.work
      client.planned += PROMPT * promptTokens + DECODE * decodeTokens
    }
    record.fair.client = client
    record.fair.at = 'line'
    this.#insert(record)
  }

  delete(record: RequestRecord, to: 'running' | 'over'): void {
    const place = record.fair
    if (place?.at !== 'line') return
    if (to === 'running') lineOf(record).starts(record)
    this.#remove(record)
    const { client } = place
    client.waiting -= 1
    if (to === 'running') {
      client.running += 1
      place.at = 'slot'
      // One that goes on where it stopped has paid for its prompt.
      if (place.charged === 0) this.#charge(place, PROMPT * record.work.promptTokens, 0)
    } else {
      place.at = 'nowhere'
    }
    this.#clients.left(client)
  }

  move(record: RequestRecord, change: () => void): void {
    this.#remove(record)
    change()
    this.#insert(record)
  }

  compare(a: RequestRecord, b: RequestRecord): number {
    const x = placeOf(a)
    const y = placeOf(b)
    return x.level - y.level || x.client.counter - y.client.counter || byOrder(a, b)
  }

  progressed(record: RequestRecord, progress: RunProgress): void {
    const place = record.fair
    if (place?.at !== 'slot') return
    if (progress.phase === 'prompt') this.#charge(place, PROMPT * progress.of, place.charged - place.prompt)
    else if (progress.phase === 'decode') this.#charge(place, place.prompt, DECODE * progress.tokens)
  }

  ended(record: RequestRecord, end: RunEnd | null): void {
    const place = record.fair
    if (place?.at !== 'slot') return
    const metrics = end === null ? undefined : end.metrics
    if (metrics !== undefined) this.#charge(place, promptCost(metrics), DECODE * metrics.decodedTokens)
    // What was lost with a runner, its client does not pay for.
    else if (end?.how === 'failed' && end.error.code === 'lost') this.#charge(place, 0, 0)
    place.at = 'nowhere'
    place.client.running -= 1
    this.#clients.left(place.client)
  }

  /** Charges what a job has cost by now, less what it was charged already. */
  #charge(place: FairPlace, prompt: number, answer: number): void {
    const cost = prompt + answer
    this.#clients.charge(place.client, cost - place.charged)
    place.charged = cost
    place.prompt = prompt
  }

  #insert(record: RequestRecord): void {
    const place = placeOf(record)
    const { classDelayMs, starvationMs } = this.#settings
    record.key = record.waitsSince + classDelayMs[record.class]
    place.level = LEVELS[record.class]
    place.due = record.class === 'interactive' ? record.waitsSince + starvationMs : record.key
    this.all.add(record)
    lineOf(record).add(record)
  }

  #remove(record: RequestRecord): void {
    this.all.delete(record)
    lineOf(record).delete(record)
  }
}

function promptCost(metrics: Metrics): number {
  return PROMPT * Math.max(0, metrics.promptTokens - metrics.cachedTokens)
}

function lineOf(record: RequestRecord): FairLine {
  const { waiting } = record.line
  if (!(waiting instanceof FairLine)) throw new Error(`${record.id} waits in a line of another order`)
  return waiting
}
