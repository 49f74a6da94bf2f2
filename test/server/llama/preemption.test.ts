import { LearnedMemory, MemoryBudget } from '@berth/budget'
import {
  DEFAULT_SETTINGS,
  deferred,
  Scheduler,
  type Backend,
  type GenerateJob,
  type Parked,
  type RequestClass,
  type RequestId,
  type Run,
  type Runner,
  type SchedulerEvent,
  type SchedulerSettings,
  type Ticket,
} from '@berth/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomGguf, smollm2 } from '../../models/index.js'
import { backendOver, chat, RAM, raw, realClock, textOf } from './harness.js'

// The scheduler over real processes: one slot, so that the make-up of a batch changes nothing.

interface Machine {
  readonly scheduler: Scheduler
  readonly events: SchedulerEvent[]
  /** All that the engine has set aside, in order. */
  readonly parked: Parked[]
}

function start(files: Readonly<Record<string, string>>, settings: Partial<SchedulerSettings> = {}): Machine {
  const parked: Parked[] = []
  const scheduler = new Scheduler({
    backends: [listening(backendOver(files), parked)],
    budget: new MemoryBudget([RAM]),
    learned: new LearnedMemory(),
    clock: realClock,
    settings: { ...DEFAULT_SETTINGS, slots: 1, contextLength: 512, cores: 1, ...settings },
  })
  const events: SchedulerEvent[] = []
  scheduler.on((event) => events.push(event))
  return { scheduler, events, parked }
}

/** The same backend, with what its runs set aside written down. */
function listening(backend: Backend, parked: Parked[]): Backend {
  const heard = (run: Run): Run =>
    new Proxy(run, {
      get: (of, key) => {
        if (key !== 'park') {
          const value: unknown = Reflect.get(of, key)
          return typeof value === 'function' ? value.bind(of) : value
        }
        return async () => {
          const kept = await of.park()
          parked.push(kept)
          return kept
        }
      },
    })
  return {
    name: backend.name,
    catalog: () => backend.catalog(),
    profile: (...of) => backend.profile(...of),
    load: async (...options): Promise<Runner> => {
      const runner = await backend.load(...options)
      return new Proxy(runner, {
        get: (of, key) => {
          const value: unknown = Reflect.get(of, key)
          if (key === 'start') return (job: GenerateJob, from?: Parked) => heard(runner.start(job, from))
          return typeof value === 'function' ? value.bind(of) : value
        },
      })
    },
  }
}

function submit(to: Machine, model: string, requestClass: RequestClass, job: GenerateJob): Ticket {
  return to.scheduler.submit({ model, purpose: 'generate', class: requestClass, job, keepAliveMs: 600_000 })
}

async function answer(ticket: Ticket): Promise<string> {
  const pieces = []
  for await (const piece of ticket.pieces) pieces.push(piece)
  return textOf(pieces)
}

/** Calls back each time that a request tells that it decodes. */
function onDecode(of: Machine, request: RequestId, then: (tokens: number) => unknown): void {
  of.scheduler.on((event) => {
    if (event.type !== 'progress' || event.request !== request || event.progress.phase !== 'decode') return
    const { tokens } = event.progress
    queueMicrotask(() => void then(tokens))
  })
}

/** The tokens that a finished request has decoded, over all its runs. */
function decodedBy({ events }: Machine, request: RequestId): number | undefined {
  for (const event of events) {
    if (event.type === 'finished' && event.request === request) return event.metrics?.decodedTokens
  }
  return undefined
}

/** Chunks of the prompt, or tokens, that were computed after the child was asked to set a job aside. */
function stepsOf(kept: Parked | undefined): number {
  if (kept === undefined || !('steps' in kept) || typeof kept.steps !== 'number') {
    throw new Error('Expected the engine to have set a job aside')
  }
  return kept.steps
}

const short = raw('Hello', { maxTokens: 1 })
const counting = (more: Partial<GenerateJob> = {}) =>
  chat('Count from one to a hundred.', { maxTokens: 24, ...more })

describe('batch work on one slot', () => {
  let m: Machine
  beforeAll(async () => {
    m = start({ model: await smollm2() })
  })
  afterAll(() => m.scheduler.stop({ graceMs: 0 }))

  it.each([
    ['at temperature 0', {}],
    [
      'with a seed at temperature 1, its random numbers go on',
      { sampling: { temperature: 1, seed: 7, topK: 40 } },
    ],
  ] as const)('says the same when it gives way again and again: %s', async (_, more) => {
    const first = submit(m, 'model', 'normal', counting(more))
    const whole = await answer(first)
    const long = submit(m, 'model', 'batch', counting(more))
    const others: Promise<string>[] = []
    // Told at its 1st, 9th and 17th token, and far from its end at the first of them.
    onDecode(m, long.id, (tokens) => {
      if (tokens <= 9) others.push(answer(submit(m, 'model', 'interactive', short)))
    })
    expect(await answer(long)).toBe(whole)
    await Promise.all(others)
    const preempted = m.events.filter((event) => event.type === 'preempted' && event.request === long.id)
    expect(preempted.length).toBeGreaterThanOrEqual(1)
    expect(decodedBy(m, long.id)).toBe(decodedBy(m, first.id))
  })

  it('ten of them keep an interactive request waiting for one step and a parking', async () => {
    const before = m.events.length
    const setAside = m.parked.length
    const batch = Array.from({ length: 10 }, (_, i) =>
      submit(m, 'model', 'batch', chat(`Tell me about the number ${i}.`, { maxTokens: 24 })),
    )
    const texts = batch.map((ticket) => answer(ticket).catch(() => 'cancelled'))
    const first = batch[0]?.id ?? ''
    const asked = deferred<Ticket>()
    let submitted = false
    onDecode(m, first, () => {
      if (!submitted) asked.resolve(submit(m, 'model', 'interactive', short))
      submitted = true
    })
    const interactive = await asked.promise
    await answer(interactive)
    for (const ticket of batch) ticket.cancel()
    expect(stepsOf(m.parked[setAside])).toBeLessThanOrEqual(1)
    // Nothing of the other nine came between.
    const order = m.events
      .slice(before)
      .flatMap((event) =>
        event.type === 'running' || event.type === 'preempted' ? [`${event.type} ${event.request}`] : [],
      )
    expect(order.slice(0, 3)).toEqual([`running ${first}`, `preempted ${first}`, `running ${interactive.id}`])
    await Promise.all(texts)
  })

  it('in the middle of a long prompt gives way after the chunk in work, and goes on', async () => {
    const setAside = m.parked.length
    const prompt = raw('The quick brown fox jumps over the lazy dog. '.repeat(20), { maxTokens: 4 })
    const whole = await answer(submit(m, 'model', 'normal', prompt))
    // Nothing of it is in the slot any more.
    await answer(submit(m, 'model', 'normal', raw('Something else', { maxTokens: 1 })))
    const long = submit(m, 'model', 'batch', prompt)
    const others: Promise<string>[] = []
    m.scheduler.on((event) => {
      if (event.type !== 'progress' || event.request !== long.id || event.progress.phase !== 'prompt') return
      queueMicrotask(() => {
        if (others.length === 0) others.push(answer(submit(m, 'model', 'interactive', short)))
      })
    })
    expect(await answer(long)).toBe(whole)
    await Promise.all(others)
    expect(stepsOf(m.parked[setAside])).toBeLessThanOrEqual(1)
    expect(m.parked[setAside]?.tokens).toBeLessThan(200)
  })
})

it('a whole model gives way to another, and its batch work says the same when it is loaded again', async () => {
  // At most one is loaded at a time, and nobody's patience runs out.
  const files = { model: await smollm2(), other: await randomGguf() }
  const m = start(files, { maxLoaded: 1, patienceMs: 600_000 })
  try {
    const whole = await answer(submit(m, 'model', 'normal', counting()))
    const long = submit(m, 'model', 'batch', counting())
    const others: Promise<string>[] = []
    onDecode(m, long.id, () => {
      if (others.length === 0) others.push(answer(submit(m, 'other', 'interactive', short)))
    })
    expect(await answer(long)).toBe(whole)
    await Promise.all(others)
    const loads = m.events.flatMap((event) =>
      event.type === 'state' && event.to === 'loading' ? [event.model] : [],
    )
    expect(loads).toEqual(['model', 'other', 'model'])
    expect(m.events.filter(({ type }) => type === 'preempted')).toMatchObject([
      { request: long.id, bytes: 0 },
    ])
    expect(decodedBy(m, long.id)).toBe(24)
  } finally {
    await m.scheduler.stop({ graceMs: 0 })
  }
})
