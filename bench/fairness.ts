import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { smollm2 } from '../test/models/index.js'
import type { Measure } from './measure.js'
import { startBerth } from './serving/berth.js'

const POLICIES = ['fifo', 'fair'] as const
/** One asks for everything at once, the others for two answers at a time. */
const CLIENTS = ['greedy', 'one', 'two', 'three'] as const
const AT_ONCE = 2
const GREEDY_REQUESTS = 400
/** Tokens of an answer; those of the greedy one are the shortest, so that counting requests would favour it least. */
const TOKENS = { greedy: 8, one: 12, two: 16, three: 24 } as const
/** Weighted tokens of all, from the first answer on; or for so long, on a busy machine. */
const ENOUGH = 4_000
const LONGEST_MS = 50_000

/** The weights of Sheng et al.: what a token of the prompt and one that is decoded cost. */
const [PROMPT, DECODE] = [1, 2]

type Client = (typeof CLIENTS)[number]

/**
 * Who has how much of a server with one slot that a greedy client floods: for each policy the shares of all
 * clients in weighted tokens, the least share in parts of an equal one (1 is fair, by max-min), and Jain's index
 * (from 1 / clients to 1).
 */
export async function run(): Promise<Measure[]> {
  const model = await smollm2()
  const measures: Measure[] = []
  for (const policy of POLICIES) {
    const had = await flood(model, policy)
    const settings = {
      policy,
      clients: CLIENTS.length,
      slots: 1,
      enough: ENOUGH,
      model: 'smollm2-135m-q4_1',
    }
    const all = CLIENTS.map((client) => had.get(client) ?? 0)
    const sum = all.reduce((total, each) => total + each, 0)
    const squares = all.reduce((total, each) => total + each * each, 0)
    const measure = (name: string, value: number, unit: string): Measure => ({
      name: `fairness/${policy}/${name}`,
      value,
      unit,
      settings,
    })
    measures.push(
      ...CLIENTS.map((client, i) => measure(`share/${client}`, (all[i] ?? 0) / sum, 'of all tokens')),
      measure('least-share', (Math.min(...all) / sum) * CLIENTS.length, 'of an equal share'),
      measure('jain', (sum * sum) / (CLIENTS.length * squares), 'index'),
      measure('tokens', sum, 'weighted tokens'),
    )
  }
  return measures
}

/** Weighted tokens that each client had while all wanted more. */
async function flood(model: string, policy: string): Promise<ReadonlyMap<Client, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'))
  const keys = join(folder, 'keys')
  await writeFile(keys, CLIENTS.map((client) => `${client} user sha256:${sha256(client)}\n`).join(''))
  try {
    await using berth = await startBerth(model, [
      '--num-parallel=1',
      '--context-length=512',
      '--keep-alive=-1s',
      '--max-queue=1000',
      `--policy=${policy}`,
      `--api-keys=${keys}`,
    ])
    return await floodServer(berth.url)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function floodServer(url: string): Promise<ReadonlyMap<Client, number>> {
  const had = new Map<Client, number>()
  const ending = new AbortController()
  const { signal } = ending
  let number = 0
  let enough = false
  const ask = async (client: Client): Promise<void> => {
    number += 1
    const tokens = await answer(url, client, number, signal)
    if (signal.aborted) return
    had.set(client, (had.get(client) ?? 0) + tokens)
    enough ||= [...had.values()].reduce((sum, each) => sum + each, 0) >= ENOUGH
    if (enough) ending.abort()
  }
  // What is cut off at the end is nobody's.
  const until = (asking: Promise<void>): Promise<void> =>
    asking.catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  await answer(url, 'greedy', number, signal)
  const flooding = Array.from({ length: GREEDY_REQUESTS }, () => until(ask('greedy')))
  const steadily = async (client: Client): Promise<void> => {
    while (!signal.aborted) await ask(client)
  }
  const steady = CLIENTS.filter((client) => client !== 'greedy').flatMap((client) =>
    Array.from({ length: AT_ONCE }, () => until(steadily(client))),
  )
  const atTheLatest = setTimeout(() => ending.abort(), LONGEST_MS)
  await Promise.all([...flooding, ...steady])
  clearTimeout(atTheLatest)
  return had
}

/** Weighted tokens of one answer. */
async function answer(url: string, client: Client, number: number, signal: AbortSignal): Promise<number> {
  const response = await fetch(`${url}/api/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${client}` },
    body: JSON.stringify({
      model: 'bench',
      prompt: `${number}. Once upon a time, in a town by the sea,`,
      raw: true,
      stream: false,
      options: { temperature: 0, num_predict: TOKENS[client] },
    }),
    signal,
  })
  if (!response.ok) throw new Error(`${client}: ${response.status}: ${await response.text()}`)
  const told: { prompt_eval_count?: number; eval_count?: number } = await response.json()
  return PROMPT * (told.prompt_eval_count ?? 0) + DECODE * (told.eval_count ?? 0)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
