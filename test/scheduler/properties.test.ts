import {
  BackendError,
  SchedulerError,
  tryNext,
  type BackendErrorCode,
  type RunnerState,
  type Ticket,
} from '@berth/scheduler'
import { STUCK } from '@berth/scheduler/testing'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { runs } from '../runs.js'
import { generate, gpu, loadOnly, model, ram, world, type World } from './world.js'

const MODELS = ['a', 'b', 'c', 'd'] as const

/** One thing that somebody does to the scheduler. */
type Step =
  | {
      do: 'submit'
      model: number
      wish: number
      class: number
      keepAlive: number
      prompt: number
      wait: number
      whole: boolean
    }
  | { do: 'load'; model: number }
  | { do: 'cancel'; which: number }
  | { do: 'advance'; ms: number }
  | { do: 'crash'; model: number }
  | { do: 'pin'; model: number; on: boolean }
  | { do: 'unload'; model: number }
  | { do: 'change'; model: number; delete: boolean }
  | { do: 'foreign'; gib: number }
  | { do: 'remeasure'; model: number; factor: number }

const index = fc.nat({ max: MODELS.length - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      model: index,
      wish: fc.nat({ max: 3 }),
      class: fc.nat({ max: 2 }),
      keepAlive: fc.nat({ max: 3 }),
      prompt: fc.nat({ max: 12 }),
      wait: fc.nat({ max: 2 }),
      whole: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('load' as const), model: index }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat({ max: 30 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat({ max: 4_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), model: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pin' as const), model: index, on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unload' as const), model: index }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('change' as const), model: index, delete: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('foreign' as const), gib: fc.nat({ max: 9 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('remeasure' as const), model: index, factor: fc.nat({ max: 3 }) }),
  },
)

const machine = fc.record({
  vram: fc.integer({ min: 2, max: 12 }),
  ram: fc.integer({ min: 0, max: 10 }),
  slots: fc.nat({ max: 2 }),
  cores: fc.integer({ min: 1, max: 3 }),
  maxLoaded: fc.nat({ max: 2 }),
  maxQueue: fc.integer({ min: 1, max: 20 }),
  park: fc.constantFrom('kv', 'kv', 'recompute', 'none'),
  failures: fc.array(fc.constantFrom(null, null, 'bad-model' as const, 'lost' as const, 'stall' as const), {
    maxLength: 6,
  }),
})

const MAX_WAIT = 30_000
const RUNS = runs(2_000)

it(
  'whatever happens: every request ends once and in time, each piece comes once, states keep to the table, memory to the budget',
  async () => {
    let ended = 0
    await fc.assert(
      fc.asyncProperty(
        machine,
        fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
        async (of, steps) => {
          const w = build(of)
          const tickets: { ticket: Ticket; end: Promise<string> }[] = []
          // Only these let more be taken than was granted.
          const overdraws = steps.some((one) => one.do === 'remeasure' || one.do === 'foreign')
          const watched = watch(w, overdraws)
          for (const one of steps) {
            act(w, one, tickets)
            watched.check()
            if (one.do === 'advance') await w.clock.advance(one.ms)
            else await w.clock.settle()
            watched.check()
          }
          // Nothing further is asked for: everything must come to its end by itself.
          for (const name of MODELS) w.scheduler.pin(name, false)
          await w.clock.advance(MAX_WAIT + 200_000)
          watched.check()
          for (const { end } of tickets) await end
          ended += tickets.length
          watched.finish(tickets.map(({ ticket }) => ticket.id))
          const { queue, runners } = w.scheduler.snapshot()
          expect(queue).toEqual([])
          expect(runners.filter((r) => r.state !== 'ready')).toEqual([])
          await Promise.all([w.scheduler.stop({ graceMs: 1_000 }), w.clock.advance(2_000)])
          expect(w.budget.usage().map(({ reserved, pending }) => [reserved, pending])).toEqual([
            [0, 0],
            [0, 0],
          ])
          expect([w.backend.runners.size, w.clock.pending]).toEqual([0, 0])
          for (const { started, disposed } of w.backend.parked) expect(started + disposed).toBe(1)
        },
      ),
      { numRuns: RUNS },
    )
    // The cases are worth something only if they hold requests.
    expect(ended).toBeGreaterThan(2.5 * RUNS)
  },
  60 * RUNS + 60_000,
)

function build(of: {
  vram: number
  ram: number
  slots: number
  cores: number
  maxLoaded: number
  maxQueue: number
  park: 'kv' | 'recompute' | 'none'
  failures: (BackendErrorCode | 'stall' | null)[]
}): World {
  const loadFailures = of.failures.map((failure) =>
    failure === 'stall' || failure === null ? failure : new BackendError(failure, `${failure}!`),
  )
  const parkedPerToken = { device: 'ram', bytes: 2 ** 24 }
  const models = {
    a: model(1, 0.5, { loadFailures, tokens: 20, stopMs: 50, tokenMs: 100, park: of.park, parkMs: 20 }),
    b: model(3, 1, {
      loadMs: 4_000,
      promptMs: 500,
      measured: (spec) => spec.placement.bytes,
      park: of.park,
      parkedPerToken: { device: 'ram', bytes: 2 ** 29 },
    }),
    c: model(5, 1, { stopMs: 700, tokens: 60, tokenMs: 50, park: of.park, parkedPerToken }),
    d: model(9, 2, { loadMs: 0, tokenMs: 0, parkedPerToken }),
  }
  return world(models, [gpu(of.vram), ram(of.ram)], {
    slots: of.slots,
    cores: of.cores,
    maxLoaded: of.maxLoaded,
    maxQueue: of.maxQueue,
    maxWaitMs: MAX_WAIT,
    patienceMs: 3_000,
    keepAliveMs: 5_000,
    loadStallMs: 20_000,
    runStallMs: 20_000,
  })
}

/** Reads an answer, whose words must come in order, each once, and all of them if it ends well; gives how it ended. */
async function ending(ticket: Ticket, whole: boolean): Promise<string> {
  const words: string[] = []
  try {
    for await (const piece of whole ? await ticket.whole() : ticket.pieces) {
      if (piece.type === 'text') words.push(...piece.text.trim().split(' '))
      if (piece.type === 'finished') expect(words).toHaveLength(piece.metrics.decodedTokens)
    }
    return 'answered'
  } catch (error) {
    if (error instanceof SchedulerError || error instanceof BackendError) return error.code
    throw error
  } finally {
    for (const [i, word] of words.entries()) expect(word.split('-')[1]).toBe(String(i + 1))
  }
}

const nameOf = (i: number) => MODELS[i] ?? 'a'

function act(w: World, one: Step, tickets: { ticket: Ticket; end: Promise<string> }[]): void {
  const submit = (request: Parameters<World['scheduler']['submit']>[0]) => {
    try {
      const ticket = w.scheduler.submit(request)
      tickets.push({ ticket, end: ending(ticket, one.do === 'submit' && one.whole) })
    } catch (error) {
      expect(error).toMatchObject({ code: 'queue-full' })
    }
  }
  switch (one.do) {
    case 'submit': {
      const contextLength = [undefined, 512, 4_096, 16_384][one.wish]
      const keepAliveMs = [undefined, 0, 1_000, 20_000][one.keepAlive]
      submit(
        generate(nameOf(one.model), {
          class: (['interactive', 'normal', 'batch'] as const)[one.class] ?? 'normal',
          prompt: one.prompt === 0 ? STUCK : 'Hello',
          ...(contextLength === undefined ? {} : { wish: { contextLength } }),
          ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
          ...(one.wait === 0 ? { maxWaitMs: 2_000 } : {}),
        }),
      )
      return
    }
    case 'load':
      return submit(loadOnly(nameOf(one.model)))
    case 'cancel':
      return tickets[one.which % Math.max(1, tickets.length)]?.ticket.cancel()
    case 'advance':
      return
    case 'crash':
      return w.backend.crash(nameOf(one.model))
    case 'pin':
      return w.scheduler.pin(nameOf(one.model), one.on)
    case 'unload':
      return void w.scheduler.unload(nameOf(one.model), { evenPinned: true })
    case 'change': {
      if (one.delete) w.backend.models.delete(nameOf(one.model))
      else w.backend.models.set(nameOf(one.model), model(2, 0.5, { revision: String(w.clock.now()) }))
      return w.scheduler.modelChanged(nameOf(one.model))
    }
    case 'foreign':
      w.budget.setForeign('gpu0', Math.round(one.gib * 2 ** 30))
      return w.scheduler.memoryChanged()
    case 'remeasure':
      for (const runner of w.backend.runners) {
        if (runner.spec.model !== nameOf(one.model)) continue
        const factor = [0.5, 1, 1.2, 2][one.factor] ?? 1
        runner.remeasure(
          runner.spec.placement.bytes.map(({ device, bytes }) => ({
            device,
            bytes: Math.round(bytes * factor),
          })),
        )
      }
  }
}

/** Follows the events, and holds the state they tell against the rules at every check. */
function watch(w: World, overdraws: boolean) {
  const states = new Map<string, RunnerState>()
  const waiting = new Map<string, number>()
  const ends = new Map<string, number>()
  let seen = 0
  return {
    check() {
      for (; seen < w.events.length; seen += 1) {
        const event = w.events[seen]
        if (event === undefined) break
        expect(event.seq).toBe(seen + 1)
        if (event.type === 'state') {
          expect(states.get(event.runner) ?? 'idle').toBe(event.from)
          const reachable = (['load', 'loaded', 'start', 'free', 'unload', 'gone'] as const).map((name) =>
            tryNext(event.from, name),
          )
          expect(reachable).toContain(event.to)
          expect(event.why).not.toBe('')
          states.set(event.runner, event.to)
        }
        if (['queued', 'retried', 'preempted'].includes(event.type) && 'request' in event)
          waiting.set(event.request, event.at)
        if (event.type === 'running') {
          expect(event.at - (waiting.get(event.request) ?? -Infinity)).toBeLessThanOrEqual(MAX_WAIT)
          waiting.delete(event.request)
        }
        if (['finished', 'cancelled', 'refused', 'failed'].includes(event.type) && 'request' in event) {
          const since = waiting.get(event.request)
          if (since !== undefined) expect(event.at - since).toBeLessThanOrEqual(MAX_WAIT)
          waiting.delete(event.request)
          ends.set(event.request, (ends.get(event.request) ?? 0) + 1)
        }
      }
      const { runners, queue } = w.scheduler.snapshot()
      for (const since of waiting.values()) expect(w.clock.now() - since).toBeLessThanOrEqual(MAX_WAIT)
      for (const [i, one] of queue.entries()) {
        expect(one.position).toBe(i + 1)
        expect(one.why).not.toBe('')
      }
      for (const runner of runners) {
        expect(states.get(runner.id)).toBe(runner.state)
        expect(runner.running.length).toBeLessThanOrEqual(runner.spec.slots)
        if (runner.state === 'ready') expect(runner.running).toEqual([])
        if (runner.state === 'busy') expect(runner.running.length).toBeGreaterThan(0)
      }
      const serving = runners.filter((r) => !r.draining && r.state !== 'unloading').map((r) => r.model)
      expect(new Set(serving).size).toBe(serving.length)
      for (const usage of w.budget.usage()) {
        if (!overdraws) expect(usage.overdrawn).toBe(0)
        expect(usage.pending).toBeGreaterThanOrEqual(0)
      }
    },
    finish(requests: readonly string[]) {
      expect([...ends.keys()].toSorted()).toEqual(requests.toSorted())
      expect([...ends.values()].every((count) => count === 1)).toBe(true)
    },
  }
}
