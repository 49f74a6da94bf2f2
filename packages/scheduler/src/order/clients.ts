import { RecentMap } from '../forecast/recent-map.js'
import type { RequestRecord } from '../request-record.js'
import { ascending, SortedLine } from '../sorted-line.js'

/** Most clients without a request whose counters are remembered. */
const IDLE = 10_000

/** A client that has a request in line or in a slot. */
export interface Client {
  readonly name: string
  readonly seq: number
  /** What it has had, in weighted tokens; changed only while it is in no sorted line. */
  counter: number
  /** Charged since; `settle` adds it to the counter. */
  owed: number
  /** What the counter will be once all that waits is served, as far as that can be foreseen. */
  planned: number
  waiting: number
  running: number
  /** Where it waits. */
  readonly shares: Set<Share>
}

/** A client's requests in one line and of one level. */
export interface Share {
  readonly client: Client
  readonly records: SortedLine<RequestRecord>
  /** The first of `records`; it gives the share its place, and is changed only while the share is in no sorted line. */
  oldest: RequestRecord
  /** Takes the share out of its sorted line, or puts it back. */
  readonly line: { add(share: Share): void; delete(share: Share): boolean }
}

/**
 * The virtual token counters of Sheng et al., Fairness in Serving Large Language Models (OSDI 2024): who has
 * had least is next. Who comes with nothing waiting or running is lifted to the least counter of those that
 * have, so that nobody saves up for having been away; who comes back with more than that keeps it.
 */
export class Clients {
  readonly #active = new Map<string, Client>()
  readonly #byCounter = new SortedLine<Client>((a, b) => ascending(a.counter, b.counter) || a.seq - b.seq)
  readonly #idle = new RecentMap<string, { counter: number }>(IDLE)
  readonly #charged = new Set<Client>()
  /** The counter of whoever was the last to leave, where nobody is left: where the next one begins. */
  #floor = 0
  #count = 0

  /** The client of a request that comes into line. */
  enter(name: string): Client {
    let client = this.#active.get(name)
    if (client === undefined) {
      this.settle()
      const least = this.#byCounter.first?.counter ?? this.#floor
      this.#count += 1
      client = {
        name,
        seq: this.#count,
        counter: Math.max(least, this.#idle.get(name)?.counter ?? 0),
        owed: 0,
        planned: 0,
        waiting: 0,
        running: 0,
        shares: new Set(),
      }
      this.#active.set(name, client)
      this.#byCounter.add(client)
    }
    client.waiting += 1
    return client
  }

  /** To be called when a client has one request less in line or in a slot. */
  left(client: Client): void {
    if (client.waiting === 0) client.planned = 0
    if (client.waiting > 0 || client.running > 0) return
    this.#byCounter.delete(client)
    this.#charged.delete(client)
    this.#active.delete(client.name)
    const counter = client.counter + client.owed
    this.#floor = Math.max(this.#floor, counter)
    this.#idle.use(client.name, () => ({ counter: 0 })).counter = counter
  }

  /** @param units weighted tokens; below 0 where too many were charged. */
  charge(client: Client, units: number): void {
    if (units === 0) return
    client.owed += units
    this.#charged.add(client)
  }

  /** Puts those that were charged where they belong by now: once for all the tokens since the last time. */
  settle(): void {
    if (this.#charged.size === 0) return
    for (const client of this.#charged) {
      this.#byCounter.delete(client)
      for (const share of client.shares) share.line.delete(share)
      client.counter += client.owed
      client.owed = 0
      this.#byCounter.add(client)
      for (const share of client.shares) share.line.add(share)
    }
    this.#charged.clear()
  }
}
