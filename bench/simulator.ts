import { simulate, generate, machineNamed, type Workload } from '@berth/scheduler/simulation'
import type { Measure } from './measure.js'

const GB = 1e9
const MODELS = 50
const REQUESTS = 1_000_000

/** From 1 to 40 GB, small ones wanted most. */
const SIZES = [4.9, 2, 8.5, 1.1, 5.6, 4.7, 9, 19.9, 2.5, 42.5] as const

/** So that eight GPUs are busy nine tenths of the time, and all models fit once they are loaded. */
const WORKLOAD: Omit<Workload, 'requests'> = {
  seed: 1,
  models: Array.from({ length: MODELS }, (_, i) => ({
    type: 'model' as const,
    model: `model-${i + 1}`,
    bytes: (SIZES[i % SIZES.length] ?? 5) * GB,
    shape: { layers: 32, kvBytesPerToken: 131_072, trainedContext: 32_768 },
  })),
  skew: 1,
  arrivals: { kind: 'poisson', rate: 9 },
  clients: [
    { name: 'user', count: 40, weight: 3, class: 'interactive' },
    { name: 'service', count: 10, weight: 5 },
    { name: 'batch', count: 2, weight: 2, class: 'batch' },
  ],
}

/** A million requests over 50 models on 8 devices: how long it takes, and what it holds in memory on the way. */
export async function run(): Promise<Measure[]> {
  const settings = { requests: REQUESTS, models: MODELS, machine: '8x-h100', policy: 'fair', eviction: 'lru' }
  const heap: number[] = []
  let heard = 0
  let finished = 0
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const report = await simulate({
    trace: () => generate({ ...WORKLOAD, requests: REQUESTS }),
    machine: machineNamed('8x-h100'),
    settings: { maxQueue: 10_000 },
    observe: ({ event }) => {
      heard += 1
      if (event.type !== 'finished') return
      finished += 1
      if (finished === REQUESTS / 10 || finished === REQUESTS / 2) heap.push(heapMB())
    },
  })
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  heap.push(heapMB())
  const measure = (name: string, value: number, unit: string): Measure => {
    return { name: `simulator/${name}`, value, unit, settings }
  }
  return [
    measure('million/wall', seconds, 's'),
    measure('million/cpu', (user + system) / 1e6, 's'),
    measure('million/request', (user + system) / REQUESTS, 'CPU us/request'),
    measure('million/events', heard / REQUESTS, 'events/request'),
    ...['10%', '50%', '100%'].map((part, i) =>
      measure(`million/heap at ${part}`, heap[i] ?? Number.NaN, 'MB'),
    ),
    measure('million/finished', report.all.finished / REQUESTS, 'ratio'),
    measure('million/loads', report.swaps.loads, 'loads'),
    measure('million/hit rate', report.swaps.hitRate, 'ratio'),
    measure('million/busy', mean(report.devices.slice(0, 8).map(({ busy }) => busy)), 'ratio'),

    ...(await waiting()),
  ]
}

const MANY = 100_000
const FEW = 10
const ANSWERED = 20_000

/** Requests for one model come as fast as they are answered, behind so many that wait: what does each cost? */
async function waiting(): Promise<Measure[]> {
  // The first figures of a process are its compiler's.
  await microsecondsBehind(FEW)
  const few = await microsecondsBehind(FEW)
  const many = await microsecondsBehind(MANY)
  const settings = { answered: ANSWERED, from: FEW, to: MANY }
  return [
    { name: `simulator/${FEW} waiting/request`, value: few, unit: 'CPU us/request', settings },
    { name: `simulator/${MANY} waiting/request`, value: many, unit: 'CPU us/request', settings },
    { name: 'simulator/waiting/growth', value: many / few, unit: 'ratio', settings },
  ]
}

async function microsecondsBehind(count: number): Promise<number> {
  const request = { type: 'request', model: 'a', promptTokens: 100, outputTokens: 20 } as const
  let begun = process.cpuUsage()
  let answered = 0
  let ended = begun
  function* trace() {
    yield { type: 'trace', version: 1 } as const
    const rates = { loadMs: 1_000, promptTokenMs: 0.1, stepMs: 1 }
    yield { type: 'model', model: 'a', bytes: 5 * GB, rates } as const
    for (let i = 0; i < count; i += 1) yield { ...request, at: 0, client: `client-${i % 50}` }
    // One comes in the time in which one is answered: a slot's 29 ms.
    for (let i = 0; i < ANSWERED; i += 1) yield { ...request, at: 1_000 + i * 29, client: `client-${i % 50}` }
  }
  const enough = new AbortController()
  await simulate({
    trace,
    machine: machineNamed('rtx-4090'),
    settings: { slots: 1, maxQueue: 2 * MANY, maxWaitMs: 1e9 },
    signal: enough.signal,
    observe: ({ event }) => {
      if (event.type !== 'finished') return
      answered += 1
      if (answered === 1) begun = process.cpuUsage()
      if (answered !== ANSWERED) return
      ended = process.cpuUsage(begun)
      enough.abort(new Error('enough'))
    },
  }).catch(() => undefined)
  return (ended.user + ended.system) / ANSWERED
}

function heapMB(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1e6
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
