import { FOREIGN_PROFILE, LearnedMemory, MemoryBudget } from '@berth/budget'
import {
  BackendError,
  DEFAULT_SETTINGS,
  Scheduler,
  type BackendErrorCode,
  type ModelInfo,
} from '@berth/scheduler'
import { FakeBackend, ManualClock, type FakeModel } from '@berth/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { generate, model, outcome, ram } from './world.js'

const remote: FakeModel = { profile: { ...FOREIGN_PROFILE, maxSlots: 3 }, promptMs: 10, tokenMs: 10 }

/** An engine elsewhere, which may be out of reach. */
class Server extends FakeBackend {
  catalogs = 0
  /** What asking for the catalog ends with; null: it answers; 'silence': it never does. */
  trouble: BackendError | 'silence' | null = null

  override catalog(): Promise<readonly ModelInfo[]> {
    this.catalogs += 1
    if (this.trouble === null) return super.catalog()
    return this.trouble === 'silence' ? new Promise(() => undefined) : Promise.reject(this.trouble)
  }

  /** Lets the running jobs of all its models fail. */
  failJobs(code: BackendErrorCode, message = 'oops'): void {
    for (const runner of this.runners)
      for (const run of runner.runs) run.fail(new BackendError(code, message))
  }
}

/** A machine of our own with the model `near`, and servers that have `far`: `one`, `two`, and as many `more`. */
function world(slots = 1, more: readonly string[] = []) {
  const clock = new ManualClock()
  const here = new FakeBackend(clock, { near: model(1) }, 'here')
  const one = new Server(clock, { far: remote, near: remote }, 'one')
  const two = new Server(clock, { far: remote }, 'two')
  const others = more.map((name) => new Server(clock, { far: remote }, name))
  const scheduler = new Scheduler({
    backends: [here, one, two, ...others],
    budget: new MemoryBudget([ram(4)], { margin: { bytes: 0, fraction: 0 } }),
    learned: new LearnedMemory(),
    clock,
    settings: { ...DEFAULT_SETTINGS, slots },
  })
  const ask = async (name: string, whole = false) => {
    const ticket = scheduler.submit(generate(name))
    const ended = whole
      ? ticket.whole().then(
          () => 'answered',
          (error: unknown) => (error instanceof BackendError ? error.code : String(error)),
        )
      : outcome(ticket)
    await clock.settle()
    return ended
  }
  /** Where the jobs are that run now. */
  const running = () =>
    scheduler.snapshot().runners.flatMap(({ backend, running: jobs }) => jobs.map(() => backend))
  return { clock, here, one, two, others, scheduler, ask, running }
}

const gone = new BackendError('lost', 'one cannot be reached')

describe('engines elsewhere', () => {
  it('are asked after our own, and do as many jobs as they say, whatever we do here', async () => {
    const w = world()
    const near = w.ask('near')
    const far = [w.ask('far'), w.ask('far'), w.ask('far'), w.ask('far')]
    await w.clock.advance(0)
    expect(w.running()).toEqual(['one', 'one', 'one'])
    await w.clock.advance(5_000)
    expect(await Promise.all([near, ...far])).toEqual(Array(5).fill('answered'))
    expect(w.here.calls).toContain('load near')
    expect(w.one.calls).not.toContain('load near')
  })

  it('do not hold up what is here, even one that never answers', async () => {
    const w = world()
    w.one.trouble = 'silence'
    const near = w.ask('near')
    await w.clock.advance(5_000)
    expect(await near).toBe('answered')
  })

  it('are passed over while they cannot be asked', async () => {
    const w = world()
    w.one.trouble = gone
    const far = w.ask('far')
    await w.clock.advance(0)
    expect(w.running()).toEqual(['two'])
    await w.clock.advance(1_000)
    expect(await far).toBe('answered')
    expect((await w.scheduler.models()).map(({ id }) => id)).toEqual(['near', 'far'])
  })

  it('are all asked at one time: two that take long take as long as one', async () => {
    const w = world()
    w.one.trouble = 'silence'
    void w.ask('unheard-of')
    await w.clock.settle()
    expect([w.one.catalogs, w.two.catalogs]).toEqual([1, 1])
  })

  it.each<BackendErrorCode>(['lost', 'busy', 'denied', 'unknown-model', 'engine', 'out-of-memory'])(
    'are passed over after a job failed with %s that had given nothing yet',
    async (code) => {
      const w = world()
      const far = w.ask('far')
      await w.clock.advance(0)
      w.one.failJobs(code)
      await w.clock.advance(0)
      expect(w.running()).toEqual(['two'])
      await w.clock.advance(1_000)
      expect(await far).toBe('answered')
      expect(w.one.runners.size).toBe(0)
    },
  )

  it.each<BackendErrorCode>(['bad-job', 'unsupported', 'context-overflow', 'slow-reader'])(
    'are taken at their word where a job failed with %s',
    async (code) => {
      const w = world()
      const far = w.ask('far')
      await w.clock.advance(0)
      w.one.failJobs(code)
      expect(await far).toBe(code)
      expect(w.one.runners.size).toBe(1)
    },
  )

  it('are tried once more after a cut connection where no other has the model', async () => {
    const w = world()
    w.two.trouble = gone
    const far = w.ask('far')
    await w.clock.advance(0)
    w.one.failJobs('lost')
    await w.clock.advance(1_000)
    expect(await far).toBe('answered')
    expect(w.one.calls.filter((call) => call === 'load far')).toHaveLength(2)
  })

  it('are asked one after the other while they refuse, and the last refusal is told', async () => {
    const w = world(1, ['three'])
    const servers = [w.one, w.two, ...w.others]
    const refused = async (codes: readonly BackendErrorCode[]) => {
      const far = w.ask('far')
      const asked: string[] = []
      for (const code of codes) {
        await w.clock.advance(0)
        asked.push(...w.running())
        servers.find(({ name }) => name === asked.at(-1))?.failJobs(code)
      }
      await w.clock.advance(1_000)
      return { asked: asked.toSorted(), ended: await far }
    }
    expect(await refused(['busy', 'denied'])).toEqual({ asked: ['one', 'two'], ended: 'answered' })
    const all = await refused(['busy', 'denied', 'out-of-memory'])
    expect(all).toEqual({ asked: ['one', 'three', 'two'], ended: 'out-of-memory' })
  })

  it('have the last word where no other has the model', async () => {
    const w = world()
    w.two.trouble = gone
    for (const whole of [false, true]) {
      const far = w.ask('far', whole)
      await w.clock.advance(0)
      w.one.failJobs('denied')
      await w.clock.settle()
      expect(await far).toBe('denied')
    }
    w.one.trouble = null
    const far = w.ask('far')
    await w.clock.advance(0)
    w.one.trouble = gone
    w.one.failJobs('engine')
    await w.clock.settle()
    expect(await far).toBe('engine')
  })

  it('keep the answer that has begun: it ends with what went wrong', async () => {
    const w = world()
    const ticket = w.scheduler.submit(generate('far'))
    const reading = ticket.pieces[Symbol.asyncIterator]()
    const first = reading.next()
    await w.clock.advance(20)
    expect((await first).value).toMatchObject({ text: 'far-1 ' })
    w.one.failJobs('lost', 'one broke off')
    await expect(reading.next()).rejects.toMatchObject({ code: 'runner-lost' })
  })

  it('are not held to their failure for ever: what fails elsewhere after that comes back', async () => {
    const w = world()
    const [first, second] = [w.ask('far'), w.ask('far')]
    await w.clock.advance(0)
    w.one.failJobs('engine')
    await w.clock.advance(0)
    expect(w.running()).toEqual(['two', 'two'])
    await w.clock.advance(1_000)
    expect(await Promise.all([first, second])).toEqual(['answered', 'answered'])
    const third = w.ask('far')
    await w.clock.advance(0)
    w.two.failJobs('engine')
    await w.clock.advance(0)
    expect(w.running()).toEqual(['one'])
    await w.clock.advance(1_000)
    expect(await third).toBe('answered')
  })

  it('lose a load, not the request, when they are gone before it', async () => {
    const w = world()
    w.one.models.set('far', { ...remote, loadFailures: [new BackendError('lost', 'gone')] })
    const far = w.ask('far')
    await w.clock.advance(0)
    expect(w.running()).toEqual(['two'])
    await w.clock.advance(1_000)
    expect(await far).toBe('answered')
  })

  it('leave the jobs alone that run beside the one that failed', async () => {
    const w = world()
    const [stays, fails] = [w.ask('far'), w.ask('far')]
    await w.clock.advance(0)
    const [runner] = w.one.runners
    const [, second] = runner?.runs ?? []
    second?.fail(new BackendError('lost', 'cut'))
    await w.clock.advance(1_000)
    expect(await Promise.all([stays, fails])).toEqual(['answered', 'answered'])
    expect(w.two.calls).toContain('load far')
  })
})
