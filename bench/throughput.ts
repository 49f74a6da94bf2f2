import { Agent } from 'node:http'
import { availableParallelism } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { randomGguf, smollm2 } from '../test/models/index.js'
import type { BenchOptions, Measure } from './measure.js'
import { startBerth } from './serving/berth.js'
import { post, textOf } from './serving/http.js'
import { startLlamaServer } from './serving/llama-server.js'
import { median } from './serving/statistics.js'

const AT_ONCE = [1, 4, 8] as const
const SLOTS = Math.max(...AT_ONCE)
/** Tokens of every slot. */
const CONTEXT = 512
/** Tokens of every answer. */
const TOKENS = 32
const ROUNDS = 5
/** Before every series: llama.cpp's threads wait for more work, spinning, for some tenths of a second after their last. */
const REST_MS = 1_000

/** The second has the shape of SmolLM2-360M. */
const MODELS = {
  'smollm2-135m-q4_1': () => smollm2(),
  'random-360m-q8_0': () =>
    randomGguf({ layers: 32, embedding: 960, heads: 15, kvHeads: 5, ffn: 2560, vocab: 49_152, name: 'm360' }),
} as const

/** A server under test. */
interface Engine {
  readonly name: string
  /** Streams one greedy answer; gives the number of its tokens. */
  answer(agent: Agent, prompt: string): Promise<number>
}

/** Tokens per second in every round, by how many requests there were at once. */
type Rates = ReadonlyMap<number, number[]>

/**
 * Tokens of answers per second of wall-clock, their prompts included, at 1, 4 and 8 requests at once. The
 * prompts are short, and none has been there before. In every round each engine does all of it in turn, so that
 * what else the machine does hits them alike; ratios are taken within a round, and figures are medians of the rounds.
 */
export async function run({ llamaServer }: BenchOptions): Promise<Measure[]> {
  const measures: Measure[] = []
  for (const [model, path] of Object.entries(MODELS)) {
    measures.push(...(await measureModel(model, await path(), llamaServer)))
  }
  return measures
}

async function measureModel(model: string, path: string, llamaServer?: string): Promise<Measure[]> {
  const threads = availableParallelism()
  await using berth = await startBerth(path, [
    '--num-parallel',
    String(SLOTS),
    '--context-length',
    String(CONTEXT),
    '--keep-alive',
    '-1s',
  ])
  await using other =
    llamaServer === undefined
      ? null
      : await startLlamaServer(llamaServer, {
          modelPath: path,
          slots: SLOTS,
          contextLength: CONTEXT,
          threads,
        })
  const engines = [berthAt(berth.url), ...(other === null ? [] : [llamaServerAt(other.url)])]
  const rates = await interleaved(engines)

  const settings = { model, threads, slots: SLOTS, context: CONTEXT, tokens: TOKENS, rounds: ROUNDS }
  const of = (engine: Engine, atOnce: number): readonly number[] => rates.get(engine)?.get(atOnce) ?? []
  const ratio = (name: string, above: readonly number[], below: readonly number[]): Measure => ({
    name,
    value: median(above.map((rate, round) => rate / (below[round] ?? Number.NaN))),
    unit: 'ratio',
    settings,
  })
  const [ours, theirs] = engines
  return engines.flatMap((engine) => {
    const prefix = `throughput/${model}/${engine.name}`
    const many = AT_ONCE.slice(1)
    return [
      ...AT_ONCE.map((n) => ({
        name: `${prefix}/${n}-at-once`,
        value: median(of(engine, n)),
        unit: 'tokens/s',
        settings,
      })),
      ...many.map((n) => ratio(`${prefix}/${n}-to-1`, of(engine, n), of(engine, AT_ONCE[0]))),
      ...(engine === ours && theirs !== undefined
        ? AT_ONCE.map((n) => ratio(`${prefix}-to-${theirs.name}/${n}-at-once`, of(engine, n), of(theirs, n)))
        : []),
    ]
  })
}

async function interleaved(engines: readonly Engine[]): Promise<ReadonlyMap<Engine, Rates>> {
  const rates = new Map(engines.map((engine) => [engine, new Map(AT_ONCE.map((n) => [n, [] as number[]]))]))
  const agent = new Agent()
  let prompts = 0
  const rate = async (engine: Engine, atOnce: number): Promise<number> => {
    await wait(REST_MS)
    const startedAt = performance.now()
    const answers = Array.from({ length: atOnce }, () => {
      prompts += 1
      return engine.answer(agent, `Story number ${prompts}. Once upon a time, in a town by the sea,`)
    })
    const tokens = (await Promise.all(answers)).reduce((sum, each) => sum + each, 0)
    return (1000 * tokens) / (performance.now() - startedAt)
  }
  try {
    // The first round loads the model and compiles the code.
    for (let round = -1; round < ROUNDS; round += 1) {
      for (const atOnce of AT_ONCE) {
        for (const engine of round % 2 === 0 ? engines : engines.toReversed()) {
          const found = await rate(engine, atOnce)
          if (round >= 0) rates.get(engine)?.get(atOnce)?.push(found)
        }
      }
    }
  } finally {
    agent.destroy()
  }
  return rates
}

function berthAt(url: string): Engine {
  return {
    name: 'berth',
    async answer(agent, prompt) {
      const options = { temperature: 0, num_predict: TOKENS }
      const body = { model: 'bench', prompt, raw: true, options }
      const lines = textOf(await post(agent, `${url}/api/generate`, body)).trimEnd()
      const last: { eval_count: number } = JSON.parse(lines.split('\n').at(-1) ?? '')
      return last.eval_count
    },
  }
}

function llamaServerAt(url: string): Engine {
  return {
    name: 'llama-server',
    async answer(agent, prompt) {
      const body = {
        prompt,
        n_predict: TOKENS,
        temperature: 0,
        ignore_eos: true,
        cache_prompt: false,
        stream: true,
      }
      const events = textOf(await post(agent, `${url}/completion`, body)).trimEnd()
      const last: { tokens_predicted: number } = JSON.parse(events.slice(events.lastIndexOf('\ndata: ') + 7))
      return last.tokens_predicted
    },
  }
}
