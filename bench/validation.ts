import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Agent } from 'node:http'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import type { Snapshot } from '@berth/scheduler'
import { machineNamed, readTrace, simulate, type MachineModel } from '@berth/scheduler/simulation'
import { randomGguf, smollm2 } from '../test/models/index.js'
import type { Measure } from './measure.js'
import { BERTH, LISTENING, makeHome, MAIN } from './serving/berth.js'
import { get, keptOpen, post } from './serving/http.js'
import { startProgram } from './serving/program.js'
import { median, percentile } from './serving/statistics.js'

const RUNS = 3
const REQUESTS = 200
/** On average; a queue builds up and goes again. */
const BETWEEN_MS = 250
const SLOTS = 2
const CONTEXT = 512
/** Of three models, so that they take turns in memory. */
const LOADED = 2

const MODELS = {
  smollm2: () => smollm2(),
  small: () => randomGguf({ layers: 8, embedding: 256, heads: 4, kvHeads: 2, ffn: 1024, name: 'small' }),
  middle: () => randomGguf({ layers: 16, embedding: 512, heads: 8, kvHeads: 4, ffn: 2048, name: 'middle' }),
} as const

/** What a run took, from outside. Milliseconds. */
interface Took {
  readonly makespanMs: number
  readonly medianMs: number
}

/**
 * Whether the simulator tells the truth: a real run is recorded as a user would record it, its trace is simulated
 * with the rates that were learned from it, and both are compared: how long all of it took, and a request in the middle.
 */
export async function run(): Promise<Measure[]> {
  const runs: { readonly real: Took; readonly simulated: Took; readonly loads: number }[] = []
  for (let seed = 1; seed <= RUNS; seed += 1) runs.push(await compare(seed))
  const settings = {
    models: Object.keys(MODELS).length,
    requests: REQUESTS,
    slots: SLOTS,
    loaded: LOADED,
    runs: RUNS,
    threads: availableParallelism(),
  }
  const of = (name: 'makespanMs' | 'medianMs'): Measure[] => {
    const label = name === 'makespanMs' ? 'makespan' : 'median-latency'
    const errors = runs.map(({ real, simulated }) => simulated[name] / real[name] - 1)
    return [
      {
        name: `validation/${label}/real`,
        value: median(runs.map(({ real }) => real[name])) / 1000,
        unit: 's',
        settings,
      },
      {
        name: `validation/${label}/simulated`,
        value: median(runs.map(({ simulated }) => simulated[name])) / 1000,
        unit: 's',
        settings,
      },
      { name: `validation/${label}/error`, value: 100 * median(errors), unit: '%', settings },
      ...errors.map((error, i) => ({
        name: `validation/${label}/error/run-${i + 1}`,
        value: 100 * error,
        unit: '%',
        settings,
      })),
    ]
  }
  const loads = {
    name: 'validation/loads',
    value: median(runs.map((each) => each.loads)),
    unit: 'loads',
    settings,
  }
  return [...of('makespanMs'), ...of('medianMs'), loads]
}

async function compare(seed: number): Promise<{ real: Took; simulated: Took; loads: number }> {
  const paths = Object.fromEntries(
    await Promise.all(Object.entries(MODELS).map(async ([name, path]) => [name, await path()] as const)),
  )
  await using home = await makeHome(paths)
  await using server = startProgram(
    process.execPath,
    [
      MAIN,
      ...home.args,
      '--num-parallel',
      String(SLOTS),
      '--context-length',
      String(CONTEXT),
      '--max-loaded-models',
      String(LOADED),
    ],
    { env: home.env },
  )
  const url = await server.said(LISTENING)
  const agent = keptOpen()
  const file = join(home.env['HOME'] ?? '.', 'trace.jsonl')
  const snapshot: Snapshot = JSON.parse(await get(agent, `${url}/api/berth/snapshot`))
  const real = await recorded(url, file, () => work(agent, url, seed))
  agent.destroy()

  const report = await simulate({
    trace: () => readTrace(createInterface({ input: createReadStream(file) })),
    machine: thisMachine(snapshot),
    settings: { slots: SLOTS, contextLength: CONTEXT, maxLoaded: LOADED },
  })
  await rm(file)
  return {
    real,
    simulated: { makespanMs: report.makespanMs, medianMs: report.all.end.p50 },
    loads: report.swaps.loads,
  }
}

/** Does some work while `berth record` writes down what the scheduler does. */
async function recorded(url: string, file: string, what: () => Promise<Took>): Promise<Took> {
  const recorder = spawn(process.execPath, [BERTH, 'record', file, '--host', url], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const gone = once(recorder, 'exit')
  let said = ''
  const begun = new Promise<void>((resolve) => {
    recorder.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('Recording')) resolve()
    })
  })
  try {
    await Promise.race([
      begun,
      gone.then(() => {
        throw new Error(`berth record ended: ${said}`)
      }),
    ])
    return await what()
  } finally {
    recorder.kill('SIGINT')
    await gone
  }
}

/** Sends the requests at their times, whether or not earlier ones are answered. */
async function work(agent: Agent, url: string, seed: number): Promise<Took> {
  const random = randomNumbers(seed)
  const names = Object.keys(MODELS)
  const startedAt = performance.now()
  const answers: Promise<number>[] = []
  for (let i = 0; i < REQUESTS; i += 1) {
    // Zipf: the first model is asked most.
    const model = names[Math.min(names.length - 1, Math.floor(-Math.log2(1 - random() * 0.875)))]
    const prompt = Array.from(
      { length: 5 + Math.floor(random() * 80) },
      () => `word${Math.floor(random() * 1000)}`,
    )
    const options = { num_predict: 4 + Math.floor(random() * 28), temperature: 0 }
    const body = { model, prompt: prompt.join(' '), raw: true, stream: false, options }
    answers.push(post(agent, `${url}/api/generate`, body).then(({ sentAt, endedAt }) => endedAt - sentAt))
    await wait(-Math.log(1 - random()) * BETWEEN_MS)
  }
  const latencies = await Promise.all(answers)
  return { makespanMs: performance.now() - startedAt, medianMs: percentile(latencies, 0.5) }
}

/** The memory that the server says it has; how fast it is, the trace tells. */
function thisMachine({ devices }: Snapshot): MachineModel {
  const like = machineNamed('laptop-8gb')
  return {
    ...like,
    name: 'this machine',
    cores: availableParallelism(),
    devices: devices.map(({ device, usable, foreign }) => ({
      ...(like.devices.find(({ kind }) => kind === device.kind) ?? like.devices[0]!),
      ...device,
      capacity: usable - foreign,
    })),
    load: { ...like.load, fixedMs: 0 },
  }
}

/** Numbers from 0 to 1, the same for a seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
