import { LearnedMemory, MemoryBudget } from '@berth/budget'
import { DEFAULT_SETTINGS, Scheduler, type SchedulerRequest } from '@berth/scheduler'
import { ManualClock } from '@berth/scheduler/testing'
import { EndlessBackend } from './engines/endless-backend.js'
import type { Measure } from './measure.js'

const WAITING = [10, 1_000, 100_000] as const
const RUNNERS = [1, 10, 100] as const
/** As many as runners, each with a model of its own; or many that share them. */
const CLIENTS = 1_000
const ROUNDS = 2_000
const SERIES = 5

/**
 * What one decision costs: every runner is busy, so many requests wait, and in each round a job ends (a
 * decision: who is next) and a request comes (a decision: it has to wait). Events are made and heard.
 */
export async function run(): Promise<Measure[]> {
  // The first figures of a process are its compiler's.
  await microseconds(10, 1_000, 10)
  const measures: Measure[] = []
  const cases = [
    ...RUNNERS.map((runners) => ({ runners, clients: runners })),
    { runners: 10, clients: CLIENTS },
  ]
  for (const { runners, clients } of cases) {
    const costs: number[] = []
    const of = `decision/${runners}-runners${clients === runners ? '' : `/${clients}-clients`}`
    for (const waiting of WAITING) {
      const cost = await microseconds(runners, waiting, clients)
      costs.push(cost)
      const name = `${of}/${waiting}-waiting`
      const settings = { runners, clients, waiting, rounds: ROUNDS, series: SERIES }
      measures.push({ name, value: cost, unit: 'CPU us/decision', settings })
      measures.push({ name: `${name}/rate`, value: 1e6 / cost, unit: 'decisions/s', settings })
    }
    const growth = (costs.at(-1) ?? Number.NaN) / (costs[0] ?? Number.NaN)
    const settings = { runners, clients, from: WAITING[0], to: WAITING[2] }
    measures.push({ name: `${of}/growth`, value: growth, unit: 'ratio', settings })
  }
  return measures
}

/** Microseconds of CPU a decision: the median of several series. CPU time, for others use this machine too. */
async function microseconds(runners: number, waiting: number, clients: number): Promise<number> {
  let asked = 0
  const request = (model: number): SchedulerRequest => {
    asked += 1
    return {
      model: `m${model}`,
      purpose: 'embed',
      job: { kind: 'embed', inputs: [], truncate: true },
      client: `c${clients === runners ? model : asked % clients}`,
    }
  }
  const backend = new EndlessBackend(runners)
  const scheduler = new Scheduler({
    backends: [backend],
    budget: new MemoryBudget([
      { id: 'gpu0', kind: 'gpu', name: 'GPU', capacity: 1e12 },
      { id: 'ram', kind: 'ram', name: 'RAM', capacity: 1e12 },
    ]),
    learned: new LearnedMemory(),
    clock: new ManualClock(),
    settings: { ...DEFAULT_SETTINGS, slots: 1, maxQueue: waiting + runners + 1 },
  })
  scheduler.on(() => undefined)
  for (let i = 0; i < runners; i += 1) scheduler.submit(request(i))
  await until(() => backend.running.length === runners)
  for (let i = 0; i < waiting; i += 1) scheduler.submit(request(i % runners))

  const series: number[] = []
  for (let i = 0; i < SERIES; i += 1) {
    const started = process.cpuUsage()
    for (let round = 0; round < ROUNDS; round += 1) {
      const job = backend.running.shift()
      if (job === undefined) throw new Error('No job runs')
      scheduler.submit(request(Number(job.model.slice(1))))
      job.finish()
      await until(() => backend.running.length === runners)
    }
    const { user, system } = process.cpuUsage(started)
    series.push((user + system) / (2 * ROUNDS))
  }
  return series.toSorted((a, b) => a - b)[Math.floor(SERIES / 2)] ?? Number.NaN
}

/** Lets promises settle until something holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000; turn += 1) {
    if (holds()) return
    await Promise.resolve()
  }
  throw new Error('What was to happen did not')
}
