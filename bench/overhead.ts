import type { Agent } from 'node:http'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { smollm2 } from '../test/models/index.js'
import type { Measure } from './measure.js'
import { LISTENING, startBerth } from './serving/berth.js'
import { get, keptOpen, post, textOf, type Timed } from './serving/http.js'
import { startProgram } from './serving/program.js'
import { median, percentile } from './serving/statistics.js'

const REQUESTS = 200
/** Requests before those that count: code is compiled, the prompt is in the KV cache. */
const WARM_UP = 50
/** More than one: the next token is computed, on all cores, while the first is on its way. */
const TOKENS = 8
const BARE_SERVER = fileURLToPath(new URL('serving/bare-server.ts', import.meta.url))
const QUESTION = 'What is the capital of France?'

/** A request, and how long the engine's child took from receiving it to its first token. */
interface Way {
  readonly name: string
  ask(server: { readonly url: string; readonly agent: Agent }): Promise<{ timed: Timed; childMs: number }>
}

/** The figure is in the answer itself. */
const OLLAMA: Way = {
  name: '/api/generate',
  async ask({ url, agent }) {
    const body = { model: 'bench', prompt: QUESTION, options: { num_predict: TOKENS } }
    const timed = await post(agent, `${url}/api/generate`, body)
    const last: { prompt_eval_duration: number } = JSON.parse(
      textOf(timed).trimEnd().split('\n').at(-1) ?? '',
    )
    return { timed, childMs: last.prompt_eval_duration / 1e6 }
  },
}

/** The figure is the growth of a counter, read before and after. */
const OPENAI: Way = {
  name: '/v1/chat/completions',
  async ask({ url, agent }) {
    const counted = async (): Promise<number> => {
      const metrics = await get(agent, `${url}/metrics`)
      return 1000 * Number(/^berth_prompt_seconds_total\{.*\} (\S+)$/m.exec(metrics)?.[1])
    }
    const messages = [{ role: 'user', content: QUESTION }]
    const body = { model: 'bench', messages, max_tokens: TOKENS, stream: true }
    const before = await counted()
    const timed = await post(agent, `${url}/v1/chat/completions`, body)
    return { timed, childMs: (await counted()) - before }
  },
}

/**
 * What the server adds to the engine: from the moment a request is handed to a kept-open connection to the
 * first bytes of its answer, less the time in the child from the job to its first token. `bare` is the same for
 * the least possible server, which computes as long as the engine did. They take turns.
 */
export async function run(): Promise<Measure[]> {
  await using berth = await startBerth(await smollm2())
  await using bare = startProgram(process.execPath, ['--import', 'tsx', BARE_SERVER])
  const bareUrl = await bare.said(LISTENING)
  const agent = keptOpen()
  const over = new Map<string, number[]>()
  const first = new Map<string, number[]>()
  try {
    for (let round = -WARM_UP; round < REQUESTS; round += 1) {
      let computeMs = 0
      const note = (name: string, timed: Timed, childMs: number): void => {
        computeMs = childMs
        if (round < 0) return
        const firstMs = (timed.chunks[0]?.at ?? Number.NaN) - timed.sentAt
        keep(first, name, firstMs)
        keep(over, name, firstMs - childMs)
      }
      for (const way of [OLLAMA, OPENAI]) {
        const { timed, childMs } = await way.ask({ url: berth.url, agent })
        note(way.name, timed, childMs)
      }
      note('/bare', await post(agent, bareUrl, { computeMs }), computeMs)
    }
  } finally {
    agent.destroy()
  }
  const model = 'SmolLM2-135M Q4_1'
  const settings = { model, requests: REQUESTS, tokens: TOKENS, cores: availableParallelism() }
  return Array.from(over, ([name, values]) => {
    const measure = (what: string, value: number): Measure => ({
      name: `overhead${name}/${what}`,
      value,
      unit: 'ms',
      settings,
    })
    return [
      measure('median', median(values)),
      measure('p99', percentile(values, 0.99)),
      measure('first-token', median(first.get(name) ?? [])),
    ]
  }).flat()
}

function keep(values: Map<string, number[]>, name: string, value: number): void {
  const list = values.get(name)
  if (list === undefined) values.set(name, [value])
  else list.push(value)
}
