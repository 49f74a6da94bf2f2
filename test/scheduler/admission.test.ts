import { SchedulerError, type ClientLimits, type SchedulerRequest, type Ticket } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { generate, gpu, model, outcome, ram, world, type World } from './world.js'

const MACHINE = [gpu(8), ram(8)]
const NONE: ClientLimits = { concurrent: 0, requestsPerMinute: 0, tokensPerMinute: 0 }

/** A model that takes a second for an answer: ten milliseconds of prompt, and 99 tokens of ten. */
const ONE_SECOND = { a: model(1, 0, { tokens: 99 }) }

const ask = (rest = {}) => generate('a', { client: 'ada', ...rest })

/** The refusal of a request; fails where it is let in. */
function refusal(w: World, request: SchedulerRequest): SchedulerError & { readonly retryAfterMs: number } {
  try {
    w.scheduler.submit(request)
  } catch (error) {
    if (error instanceof SchedulerError && error.retryAfterMs !== undefined) {
      return Object.assign(error, { retryAfterMs: error.retryAfterMs })
    }
    throw error
  }
  throw new Error('it was let in')
}

/** Has one answer made, so that the scheduler knows how long they take. */
async function acquainted(w: World): Promise<void> {
  const ticket = w.scheduler.submit(generate('a', { client: 'nobody' }))
  await w.clock.advance(5_000)
  expect(await outcome(ticket)).toBe('answered')
}

async function end(w: World, tickets: readonly Ticket[]): Promise<void> {
  for (const ticket of tickets) ticket.cancel()
  await w.clock.advance(1_000)
  for (const ticket of tickets) await outcome(ticket)
}

describe('a queue that is full', () => {
  it('says when the next place comes free, by how long answers take here', async () => {
    const w = world(ONE_SECOND, MACHINE, { maxQueue: 2 })
    await acquainted(w)
    const tickets = [1, 2, 3].map(() => w.scheduler.submit(generate('a')))
    await w.clock.advance(300)
    const { code, message, retryAfterMs } = refusal(w, generate('a'))
    expect(code).toBe('queue-full')
    expect(message).toMatch(/^the queue is full: 2 requests wait, and maxQueue is 2; about 0\.\d s until /)
    // A second of work, of which three tenths are done.
    expect(retryAfterMs).toBeGreaterThan(600)
    expect(retryAfterMs).toBeLessThan(800)
    await w.clock.advance(retryAfterMs + 1)
    tickets.push(w.scheduler.submit(generate('a')))
    await end(w, tickets)
  })

  it('is so for one class and not for the others where the classes have bounds', async () => {
    const w = world(ONE_SECOND, MACHINE, { maxQueuePerClass: { interactive: 0, normal: 0, batch: 1 } })
    await acquainted(w)
    const running = w.scheduler.submit(generate('a'))
    await w.clock.advance(100)
    const batch = w.scheduler.submit(generate('a', { class: 'batch' }))
    const { code, message, retryAfterMs } = refusal(w, generate('a', { class: 'batch' }))
    expect([code, message]).toEqual([
      'queue-full',
      expect.stringContaining('full for class batch: 1 requests of it wait, and maxQueuePerClass.batch is 1'),
    ])
    const normal = w.scheduler.submit(generate('a'))
    // One that is raised leaves its place to another.
    w.scheduler.reclass(batch.id, 'normal', 'for the test')
    const second = w.scheduler.submit(generate('a', { class: 'batch' }))
    expect(retryAfterMs).toBeGreaterThan(800)
    await end(w, [running, batch, normal, second])
  })

  it('has room again for each that ends in line', async () => {
    const w = world(ONE_SECOND, MACHINE, { maxQueuePerClass: { interactive: 0, normal: 1, batch: 0 } })
    const running = w.scheduler.submit(generate('a'))
    await w.clock.advance(1_100)
    for (let i = 0; i < 3; i += 1) {
      const ticket = w.scheduler.submit(generate('a'))
      expect(refusal(w, generate('a')).code).toBe('queue-full')
      ticket.cancel()
      expect(await outcome(ticket)).toBe('cancelled')
    }
    await end(w, [running])
  })

  it('knows no better than how long the others have waited, before anything was answered', async () => {
    const w = world({ a: model(1, 0, { tokens: 100, tokenMs: 5_000 }) }, MACHINE, { maxQueue: 1 })
    const running = w.scheduler.submit(generate('a'))
    await w.clock.advance(1_100)
    const waiting = w.scheduler.submit(generate('a', { maxWaitMs: 60_000 }))
    await w.clock.advance(20_000)
    expect(refusal(w, generate('a')).retryAfterMs).toBe(20_000)
    await w.clock.advance(25_000)
    // Nobody waits for longer than to the deadline.
    expect(refusal(w, generate('a')).retryAfterMs).toBe(15_000)
    await end(w, [running, waiting])
  })
})

describe('a client’s limit', () => {
  it('of requests at a time counts those that wait and those that run, whatever their model', async () => {
    const w = world({ ...ONE_SECOND, b: model(1, 0, { tokens: 99 }) }, MACHINE, {
      clientLimits: { ...NONE, concurrent: 2 },
    })
    await acquainted(w)
    const one = w.scheduler.submit(generate('a', { client: 'ada' }))
    const two = w.scheduler.submit(generate('b', { client: 'ada' }))
    await w.clock.advance(400)
    const { code, message, retryAfterMs } = refusal(w, generate('a', { client: 'ada' }))
    expect(code).toBe('rate-limited')
    expect(message).toMatch(
      /^client "ada" has 2 requests waiting and running, and 2 at a time is its limit \(concurrent\); there is room for one more in about 0\.6 s$/,
    )
    const ben = w.scheduler.submit(generate('a', { client: 'ben' }))
    await w.clock.advance(retryAfterMs + 20)
    const three = w.scheduler.submit(generate('a', { client: 'ada' }))
    await end(w, [one, two, three, ben])
  })

  it('of requests a minute is true to the millisecond, and one’s own where the request brings it', async () => {
    const w = world(ONE_SECOND, MACHINE, { clientLimits: { ...NONE, requestsPerMinute: 2 } })
    const own = { client: 'ada', maxTokens: 1 }
    const tickets = [w.scheduler.submit(generate('a', own)), w.scheduler.submit(generate('a', own))]
    await w.clock.advance(10_000)
    const { code, message, retryAfterMs } = refusal(w, generate('a', own))
    expect([code, retryAfterMs]).toEqual(['rate-limited', 20_000])
    expect(message).toBe(
      'client "ada" has made 2 requests of late, and 2 a minute is its limit (requestsPerMinute); there is room for one more in about 20 s',
    )
    tickets.push(w.scheduler.submit(generate('a', { ...own, limits: { ...NONE, requestsPerMinute: 3 } })))
    await w.clock.advance(retryAfterMs)
    expect(refusal(w, generate('a', own)).code).toBe('rate-limited')
    await end(w, tickets)
  })

  it('of tokens a minute is charged with what was computed: the prompt at the start, the answer as it comes', async () => {
    const models = { a: model(1, 0, { tokens: 4_000, promptMs: 2_000, tokenMs: 100 }) }
    const w = world(models, MACHINE, { clientLimits: { ...NONE, tokensPerMinute: 120 } })
    const first = w.scheduler.submit(ask({ prompt: 'word '.repeat(160) }))
    // Nothing is computed while it waits for the load.
    const second = w.scheduler.submit(ask({ maxTokens: 1 }))
    await w.clock.advance(1_100)
    expect(refusal(w, ask()).message).toMatch(
      /^client "ada" has used 200 tokens of late, and 120 a minute is its limit \(tokensPerMinute\); /,
    )
    // The fake says in the end that its prompt was one token.
    await w.clock.advance(2_000)
    const third = w.scheduler.submit(ask({ maxTokens: 1 }))
    // Ten a second are added, and two leak.
    await w.clock.advance(20_000)
    expect(refusal(w, ask()).message).toMatch(/has used 1[56]\d tokens of late/)
    first.cancel()
    await w.clock.advance(200)
    for (const ticket of [second, third]) ticket.cancel()
    const { retryAfterMs: alone } = refusal(w, ask())
    await w.clock.advance(alone - 1)
    expect(refusal(w, ask()).retryAfterMs).toBe(1)
    await w.clock.advance(1)
    await end(w, [first, second, third, w.scheduler.submit(ask())])
  })

  it('does not hold for others, nor where there is none', async () => {
    const w = world(ONE_SECOND, MACHINE)
    const tickets = Array.from({ length: 40 }, () => w.scheduler.submit(generate('a', { client: 'ada' })))
    await end(w, tickets)
  })

  it('forgets a request however it ends', async () => {
    const w = world({ ...ONE_SECOND, big: model(100) }, MACHINE, {
      clientLimits: { ...NONE, concurrent: 1 },
      maxWaitMs: 500,
    })
    const submit = (name: string) => w.scheduler.submit(generate(name, { client: 'ada', maxTokens: 1 }))
    for (const [name, how] of [
      ['big', 'cannot-fit'],
      ['nope', 'unknown-model'],
      // The load takes a second.
      ['a', 'deadline'],
    ] as const) {
      const ticket = submit(name)
      await w.clock.advance(600)
      expect(await outcome(ticket)).toBe(how)
    }
    await end(w, [submit('a')])
    await end(w, [submit('a')])
  })
})

describe('what a waiting request is told', () => {
  it('is when it is expected to start, once answers have been made', async () => {
    const w = world(ONE_SECOND, MACHINE)
    const first = w.scheduler.submit(generate('a'))
    await w.clock.advance(1_100)
    const early = w.scheduler.submit(generate('a'))
    expect(early.waiting()?.startsInMs).toBeNull()
    await w.clock.advance(1_000)
    expect(await outcome(first)).toBe('answered')
    const later = w.scheduler.submit(generate('a'))
    const expected = later.waiting()?.startsInMs ?? -1
    expect(expected).toBeGreaterThan(800)
    expect(expected).toBeLessThan(1_050)
    expect(w.scheduler.snapshot().queue.map(({ startsInMs }) => startsInMs)).toEqual([expected])
    await w.clock.advance(expected + 10)
    expect(later.waiting()).toBeNull()
    await end(w, [early, later])
  })
})
