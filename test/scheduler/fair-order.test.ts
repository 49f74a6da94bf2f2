import { DEFAULT_SETTINGS, type RequestClass } from '@berth/scheduler'
import { ManualClock } from '@berth/scheduler/testing'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { Admission } from '../../packages/scheduler/src/admission.js'
import { EventLog } from '../../packages/scheduler/src/event-log.js'
import { Forecast } from '../../packages/scheduler/src/forecast/forecast.js'
import { FairOrder } from '../../packages/scheduler/src/order/fair-order.js'
import { RequestQueue } from '../../packages/scheduler/src/request-queue.js'
import type { RequestRecord } from '../../packages/scheduler/src/request-record.js'
import { runs } from '../runs.js'
import { generate } from './world.js'

const CLASSES: readonly RequestClass[] = ['interactive', 'normal', 'batch']
const SETTINGS = {
  ...DEFAULT_SETTINGS,
  maxQueue: 1_000,
  starvationMs: 3_000,
  classDelayMs: { interactive: 0, normal: 1_000, batch: 5_000 },
}

type Step =
  | { do: 'submit'; client: number; class: number; model: number; words: number }
  | { do: 'start'; model: number }
  | { do: 'decode'; which: number; tokens: number }
  | { do: 'end'; which: number; cached: number }
  | { do: 'cancel'; which: number }
  | { do: 'reclass'; which: number; class: number }
  | { do: 'wait'; ms: number }

const any = fc.nat({ max: 1_000 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      client: fc.nat({ max: 5 }),
      class: fc.nat({ max: 2 }),
      model: fc.nat({ max: 1 }),
      words: fc.nat({ max: 400 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('start' as const), model: fc.nat({ max: 1 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('decode' as const), which: any, tokens: fc.nat({ max: 300 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('end' as const), which: any, cached: fc.nat({ max: 50 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: any }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('reclass' as const), which: any, class: fc.nat({ max: 2 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 2_000 }) }) },
)

const level = (record: RequestRecord) => CLASSES.indexOf(record.class)
const age = (record: RequestRecord) => record.waitsSince + SETTINGS.classDelayMs[record.class]
const pick = (from: ReadonlySet<RequestRecord>, which: number) => [...from][which % from.size]

const due = ({ class: of, waitsSince }: RequestRecord) =>
  waitsSince + (of === 'interactive' ? SETTINGS.starvationMs : SETTINGS.classDelayMs[of])

/** What the order has to come to, reckoned anew from all that waits at every question. */
class Reckoning {
  readonly counters = new Map<string, number>()
  readonly waiting = new Set<RequestRecord>()
  readonly running = new Set<RequestRecord>()
  readonly charged = new Map<RequestRecord, number>()
  readonly #starts = new Map<string, number>()
  #floor = 0

  /** To be called before the request is in line. */
  comes(client: string): void {
    const active = [...this.waiting, ...this.running].map((record) => record.client)
    if (active.includes(client)) return
    const least = Math.min(...active.map((name) => this.counters.get(name) ?? 0))
    const begin = active.length === 0 ? this.#floor : least
    this.counters.set(client, Math.max(this.counters.get(client) ?? 0, begin))
  }

  charge(record: RequestRecord, cost: number): void {
    const before = this.counters.get(record.client) ?? 0
    this.counters.set(record.client, before + cost - (this.charged.get(record) ?? 0))
    this.charged.set(record, cost)
  }

  leaves({ client }: RequestRecord): void {
    const active = [...this.waiting, ...this.running].some((record) => record.client === client)
    if (!active) this.#floor = Math.max(this.#floor, this.counters.get(client) ?? 0)
  }

  starts(record: RequestRecord, now: number): void {
    const { model } = record.line
    const turn = this.#overdue(model, now) === record
    this.#starts.set(model, turn ? 1 : (this.#starts.get(model) ?? 8) + 1)
  }

  /** Who has a turn for having waited too long: after seven that had none. */
  #overdue(model: string, now: number): RequestRecord | undefined {
    if ((this.#starts.get(model) ?? 8) < 8) return undefined
    return [...this.waiting]
      .filter((record) => record.line.model === model && due(record) <= now)
      .toSorted((a, b) => due(a) - due(b) || a.seq - b.seq)[0]
  }

  first(model: string, now: number): RequestRecord | undefined {
    const overdue = this.#overdue(model, now)
    if (overdue !== undefined) return overdue
    return [...this.waiting]
      .filter((record) => record.line.model === model)
      .toSorted((a, b) => {
        const had = (this.counters.get(a.client) ?? 0) - (this.counters.get(b.client) ?? 0)
        // Of one client, the oldest; of several at one counter, the one whose oldest is.
        return level(a) - level(b) || had || age(a) - age(b) || a.seq - b.seq
      })[0]
  }
}

it('serves whom the rules name, over any requests, starts, tokens, ends and waits', async () => {
  let starts = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), async (steps) => {
      const clock = new ManualClock()
      const order = new FairOrder(clock, SETTINGS)
      const queue = new RequestQueue(order, 0)
      const admission = new Admission({
        queue,
        clock,
        log: new EventLog(clock),
        settings: SETTINGS,
        forecast: new Forecast(),
        expected: { startsInMs: () => null, endsInMs: () => null },
        expired: () => undefined,
      })
      const reckoning = new Reckoning()
      const { waiting, running } = reckoning
      for (const one of steps) {
        switch (one.do) {
          case 'submit': {
            const client = `c${one.client}`
            reckoning.comes(client)
            const prompt = 'word '.repeat(one.words)
            const asked = generate(`m${one.model}`, { client, prompt, class: CLASSES[one.class] ?? 'batch' })
            waiting.add(admission.admit(asked))
            break
          }
          case 'start': {
            const record = queue.line(`m${one.model}`, 'generate').waiting.first
            if (record === undefined) break
            starts += 1
            reckoning.starts(record, clock.now())
            admission.dequeue(record, 'running')
            waiting.delete(record)
            running.add(record)
            reckoning.charge(record, record.work.promptTokens)
            break
          }
          case 'decode': {
            const record = pick(running, one.which)
            if (record === undefined) break
            order.progressed(record, { phase: 'decode', tokens: one.tokens })
            reckoning.charge(record, record.work.promptTokens + 2 * one.tokens)
            break
          }
          case 'end': {
            const record = pick(running, one.which)
            if (record === undefined) break
            running.delete(record)
            const { promptTokens } = record.work
            const cachedTokens = Math.min(one.cached, promptTokens)
            const metrics = { promptTokens, cachedTokens, promptMs: 1, decodedTokens: 7, decodeMs: 1 }
            order.ended(record, { how: 'finished', reason: 'stop', metrics })
            reckoning.charge(record, promptTokens - cachedTokens + 14)
            reckoning.leaves(record)
            break
          }
          case 'cancel': {
            const record = pick(waiting, one.which)
            if (record === undefined) break
            admission.dequeue(record, 'over')
            waiting.delete(record)
            reckoning.leaves(record)
            break
          }
          case 'reclass': {
            const record = pick(waiting, one.which)
            if (record !== undefined) admission.reclass(record, CLASSES[one.class] ?? 'batch', 'asked')
            break
          }
          case 'wait':
            await clock.advance(one.ms)
        }
        for (const name of ['m0', 'm1']) {
          const line = queue.line(name, 'generate')
          expect(line.waiting.first?.id).toBe(reckoning.first(name, clock.now())?.id)
          const places = [...line.waiting]
          expect(new Set(places)).toEqual(new Set([...waiting].filter((record) => record.line === line)))
          for (const [i, record] of places.entries()) expect(line.waiting.rank(record)).toBe(i)
        }
        const all = [...queue]
        expect(new Set(all)).toEqual(waiting)
        for (const [i, record] of all.entries()) expect(queue.position(record)).toBe(i + 1)
      }
    }),
    { numRuns: runs(60) },
  )
  expect(starts).toBeGreaterThan(5 * runs(60))
})
