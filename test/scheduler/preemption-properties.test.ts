import { BackendError, SchedulerError, type Ticket } from '@berth/scheduler'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { runs } from '../runs.js'
import { generate, gpu, model, ram, world, type World } from './world.js'

/** One thing that somebody does to a scheduler whose slots are nearly always taken. */
type Step =
  | { do: 'submit'; model: number; class: number; tokens: number; whole: boolean; slow: boolean }
  | { do: 'cancel'; which: number }
  | { do: 'advance'; ms: number }
  | { do: 'crash'; model: number }
  | { do: 'change'; model: number }
  | { do: 'reclass'; which: number; class: number }
  | { do: 'unload'; model: number }

const MODELS = ['a', 'b'] as const
const CLASSES = ['interactive', 'batch', 'normal'] as const

const index = fc.nat({ max: MODELS.length - 1 })
const which = fc.nat({ max: 30 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      model: fc.constantFrom(0, 0, 0, 1),
      class: fc.constantFrom(0, 0, 1, 1, 1, 2),
      tokens: fc.integer({ min: 2, max: 30 }),
      whole: fc.boolean(),
      slow: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 50, max: 900 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), model: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('change' as const), model: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unload' as const), model: index }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('reclass' as const), which, class: fc.nat({ max: 2 }) }),
  },
)

const machine = fc.record({
  slots: fc.integer({ min: 1, max: 2 }),
  cores: fc.integer({ min: 1, max: 2 }),
  gpu: fc.boolean(),
  /** Whether both models fit. */
  roomy: fc.boolean(),
  park: fc.constantFrom('kv' as const, 'kv' as const, 'recompute' as const),
  parkMs: fc.constantFrom(undefined, 0, 30),
  parkedBytes: fc.constantFrom(1, 2 ** 26),
  delayMs: fc.constantFrom(0, 500, 60_000),
})

const RUNS = runs(400)

it(
  'with preemption, whatever happens: each piece comes once, what is set aside ends once, memory keeps to the budget',
  async () => {
    let aside = 0
    let resumed = 0
    await fc.assert(
      fc.asyncProperty(
        machine,
        fc.array(step, { minLength: 8, maxLength: 30, size: 'max' }),
        async (of, steps) => {
          const w = build(of)
          const tickets: { ticket: Ticket; end: Promise<unknown> }[] = []
          for (const one of steps) {
            act(w, one, tickets)
            if (one.do === 'advance') await w.clock.advance(one.ms)
            else await w.clock.settle()
            check(w)
          }
          await w.clock.advance(600_000)
          for (const { end } of tickets) await end
          const { queue, runners } = w.scheduler.snapshot()
          expect([queue, runners.filter(({ state }) => state !== 'ready')]).toEqual([[], []])
          await Promise.all([w.scheduler.stop({ graceMs: 0 }), w.clock.advance(1_000)])
          for (const { started, disposed } of w.backend.parked) expect(started + disposed).toBe(1)
          expect(w.budget.usage().map(({ reserved, pending }) => reserved + pending)).toEqual([0, 0])
          expect(w.clock.pending).toBe(0)
          neverTwice(w)
          aside += w.backend.parked.length
          resumed += w.events.filter((event) => event.type === 'running' && event.resumed === true).length
        },
      ),
      { numRuns: RUNS },
    )
    // The cases are worth something only if jobs give way, and go on.
    expect([aside > RUNS / 3, resumed > RUNS / 4]).toEqual([true, true])
  },
  60 * RUNS + 60_000,
)

function build(of: {
  slots: number
  cores: number
  gpu: boolean
  roomy: boolean
  park: 'kv' | 'recompute'
  parkMs: number | undefined
  parkedBytes: number
  delayMs: number
}): World {
  const parkedPerToken = { device: 'ram', bytes: of.parkedBytes }
  const { park, parkMs } = of
  const each = {
    tokens: 30,
    tokenMs: 100,
    park,
    parkedPerToken,
    loadMs: 200,
    ...(parkMs === undefined ? {} : { parkMs }),
  }
  const devices = of.gpu ? [gpu(of.roomy ? 8 : 2.5), ram(0.5)] : [gpu(0.1), ram(of.roomy ? 8 : 2.5)]
  return world({ a: model(2, 0, each), b: model(2, 0, { ...each, stopMs: 80 }) }, devices, {
    slots: of.slots,
    cores: of.cores,
    patienceMs: 2_000,
    classDelayMs: { interactive: 0, normal: 0, batch: of.delayMs },
  })
}

const nameOf = (i: number) => MODELS[i] ?? 'a'

function act(w: World, one: Step, tickets: { ticket: Ticket; end: Promise<unknown> }[]): void {
  const chosen = 'which' in one ? tickets[one.which % Math.max(1, tickets.length)] : undefined
  switch (one.do) {
    case 'submit': {
      const ticket = w.scheduler.submit(
        generate(nameOf(one.model), { class: CLASSES[one.class] ?? 'normal', maxTokens: one.tokens }),
      )
      tickets.push({ ticket, end: ending(w, ticket, one) })
      return
    }
    case 'cancel':
      return chosen?.ticket.cancel()
    case 'reclass':
      if (chosen !== undefined)
        w.scheduler.reclass(chosen.ticket.id, CLASSES[one.class] ?? 'normal', 'asked for')
      return
    case 'crash':
      return w.backend.crash(nameOf(one.model))
    case 'change': {
      const had = w.backend.models.get(nameOf(one.model))
      if (had !== undefined)
        w.backend.models.set(nameOf(one.model), { ...had, revision: String(w.clock.now()) })
      return w.scheduler.modelChanged(nameOf(one.model))
    }
    case 'unload':
      return void w.scheduler.unload(nameOf(one.model), { evenPinned: true })
    case 'advance':
  }
}

/** Reads an answer, at once or much later: its words come in order, each once, and all of them if it ends well. */
async function ending(
  w: World,
  ticket: Ticket,
  of: { whole: boolean; slow: boolean; tokens: number },
): Promise<void> {
  let words: string[] = []
  try {
    if (of.slow) await new Promise<void>((resolve) => void w.clock.at(w.clock.now() + 5_000, resolve))
    for await (const piece of of.whole ? await ticket.whole() : ticket.pieces) {
      if (piece.type === 'text') words.push(...piece.text.trim().split(' '))
      if (piece.type !== 'finished') continue
      expect(piece.metrics.decodedTokens).toBe(of.tokens)
      expect(words).toHaveLength(of.tokens)
    }
  } catch (error) {
    if (!(error instanceof SchedulerError || error instanceof BackendError)) throw error
  }
  words = words.map((word) => word.split('-')[1] ?? '')
  expect(words).toEqual(words.map((_, i) => String(i + 1)))
}

function check(w: World): void {
  const { runners } = w.scheduler.snapshot()
  for (const { running, spec, state } of runners) {
    expect(running.length).toBeLessThanOrEqual(spec.slots)
    expect(running.length > 0).toBe(state === 'busy' || (state === 'unloading' && running.length > 0))
  }
  for (const { overdrawn } of w.budget.usage()) expect(overdrawn).toBe(0)
}

/** For the sake of one request, no two slots of one runner are given away but where the whole runner leaves. */
function neverTwice(w: World): void {
  const given = new Map<string, number>()
  for (const event of w.events) {
    if (event.type !== 'preempted' || !event.why.startsWith('gives its slot')) continue
    const key = `${event.by} ${event.runner}`
    given.set(key, (given.get(key) ?? 0) + 1)
  }
  for (const count of given.values()) expect(count).toBe(1)
}
