import { LearnedMemory, MemoryBudget } from '@berth/budget'
import { DEFAULT_SETTINGS, Scheduler, type GenerateJob, type RequestClass } from '@berth/scheduler'
import { smollm2 } from '../test/models/index.js'
import { answerOf, backendOver, chat, load, RAM, raw, realClock } from '../test/server/llama/harness.js'
import type { Measure } from './measure.js'
import { median } from './serving/statistics.js'

const ROUNDS = 5
/** Tokens of a batch job's answer, which is all that an interactive request waits for without preemption. */
const TOKENS = 48
/** Repetitions of ten words: prompts of about so many tokens are set aside. */
const PROMPTS = [10, 40, 100] as const

/**
 * How long an interactive request waits for its first token behind batch work on one slot, with preemption and
 * without it, in turns within one run; what setting a job aside costs; and how many steps (chunks of a prompt,
 * tokens) the child still computes after it was asked to.
 */
export async function run(): Promise<Measure[]> {
  const path = await smollm2()
  const settings = { model: 'smollm2-135m-q4_1', slots: 1, threads: 1, rounds: ROUNDS }
  const { waits, resumes } = await firstTokens(path)
  const ratios = waits.map(({ without, preempting }) => without / preempting)
  const { costs, steps } = await parkings(path)
  return [
    {
      name: 'preemption/first-token/with',
      value: median(waits.map(({ preempting }) => preempting)),
      unit: 'ms',
      settings: { ...settings, batchTokens: TOKENS },
    },
    {
      name: 'preemption/first-token/without',
      value: median(waits.map(({ without }) => without)),
      unit: 'ms',
      settings: { ...settings, batchTokens: TOKENS },
    },
    { name: 'preemption/first-token/without-to-with', value: median(ratios), unit: 'ratio', settings },
    { name: 'preemption/preempted', value: resumes, unit: 'jobs', settings: { of: ROUNDS } },
    ...costs.map(({ tokens, msPerThousand }) => ({
      name: `preemption/parking/${tokens}-tokens`,
      value: msPerThousand,
      unit: 'ms/1,000 tokens',
      settings,
    })),
    {
      name: 'preemption/steps-waited',
      value: Math.max(...steps),
      unit: 'steps',
      settings: { of: steps.length },
    },
  ]
}

async function firstTokens(
  path: string,
): Promise<{ waits: { without: number; preempting: number }[]; resumes: number }> {
  await using preempting = served(path, true)
  await using without = served(path, false)
  // The first answers load the model and fill its caches.
  await preempting.wait(-1)
  await without.wait(-1)
  const before = preempting.resumed()
  const waits = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const of = { preempting: await preempting.wait(round), without: await without.wait(round) }
    waits.push(of)
  }
  return { waits, resumes: preempting.resumed() - before }
}

function served(path: string, preempt: boolean) {
  const scheduler = new Scheduler({
    backends: [backendOver({ model: path })],
    budget: new MemoryBudget([RAM]),
    learned: new LearnedMemory(),
    clock: realClock,
    settings: {
      ...DEFAULT_SETTINGS,
      slots: 1,
      contextLength: 512,
      cores: 1,
      keepAliveMs: 3_600_000,
      preempt,
    },
  })
  let resumed = 0
  scheduler.on((event) => {
    if (event.type === 'running' && event.resumed === true) resumed += 1
  })
  const submit = (requestClass: RequestClass, job: GenerateJob) =>
    scheduler.submit({ model: 'model', purpose: 'generate', class: requestClass, job })
  return {
    resumed: () => resumed,
    /** Milliseconds to the first token of an interactive request that comes when a batch job has said its first. */
    async wait(round: number): Promise<number> {
      const batch = submit('batch', chat(`Count from ${round + 10} to a hundred.`, { maxTokens: TOKENS }))
      const reading = batch.pieces[Symbol.asyncIterator]()
      await reading.next()
      const startedAt = performance.now()
      await answerOf(submit('interactive', raw(`Question ${round}`, { maxTokens: 1 })))
      const took = performance.now() - startedAt
      for (let next = await reading.next(); next.done !== true; next = await reading.next());
      return took
    },
    [Symbol.asyncDispose]: () => scheduler.stop({ graceMs: 0 }),
  }
}

async function parkings(
  path: string,
): Promise<{ costs: { tokens: number; msPerThousand: number }[]; steps: number[] }> {
  const runner = await load(backendOver({ model: path }), 'model', { contextLength: 2048 })
  const steps: number[] = []
  try {
    const costs = []
    for (const times of PROMPTS) {
      const job = raw('The quick brown fox jumps over the lazy dog. '.repeat(times), { maxTokens: 64 })
      const found: { tokens: number; ms: number }[] = []
      for (let round = 0; round < ROUNDS; round += 1) {
        const parking = runner.start(job)
        await parking.pieces[Symbol.asyncIterator]().next()
        const parked = await parking.park()
        if (!('ms' in parked && typeof parked.ms === 'number' && 'steps' in parked)) {
          throw new Error('The engine does not say what setting aside took')
        }
        found.push({ tokens: parked.tokens, ms: parked.ms })
        steps.push(Number(parked.steps))
        await parked.dispose()
      }
      const tokens = found[0]?.tokens ?? 0
      costs.push({ tokens, msPerThousand: median(found.map((one) => (one.ms * 1_000) / one.tokens)) })
    }
    return { costs, steps }
  } finally {
    await runner.stop('now')
  }
}
