import { LearnedMemory, MemoryBudget } from '@berth/budget'
import { DEFAULT_SETTINGS, Scheduler, type Metrics } from '@berth/scheduler'
import { expect, it } from 'vitest'
import { smollm2 } from '../../models/index.js'
import { backendOver, RAM, raw, realClock, until } from './harness.js'

interface Client {
  readonly name: string
  readonly prompt: string
  readonly maxTokens: number
}

const GREEDY: Client = { name: 'greedy', prompt: 'Once upon a time', maxTokens: 4 }
const MODEST: Client = { name: 'modest', prompt: 'The capital of France is a city', maxTokens: 8 }

/** By the weights of the policy: two for a token that was decoded, one for one of the prompt that was computed. */
function cost({ promptTokens, cachedTokens, decodedTokens }: Metrics): number {
  return promptTokens - cachedTokens + 2 * decodedTokens
}

it('gives a greedy and a modest client the same share of a real engine while both have requests waiting', async () => {
  const scheduler = new Scheduler({
    backends: [backendOver({ smollm2: await smollm2() })],
    budget: new MemoryBudget([RAM]),
    learned: new LearnedMemory(),
    clock: realClock,
    settings: { ...DEFAULT_SETTINGS, slots: 1, contextLength: 256, cores: 1 },
  })
  const had = new Map([GREEDY, MODEST].map(({ name }) => [name, 0]))
  let over = false
  const clients = new Map<string, string>()
  scheduler.on((event) => {
    if (event.type !== 'finished' || event.metrics === null || over) return
    const name = clients.get(event.request) ?? ''
    had.set(name, (had.get(name) ?? 0) + cost(event.metrics))
  })
  const ask = async ({ name, prompt, maxTokens }: Client, number: number): Promise<void> => {
    const job = raw(`${number}. ${prompt}`, { maxTokens })
    const ticket = scheduler.submit({ model: 'smollm2', purpose: 'generate', job, client: name })
    clients.set(ticket.id, name)
    await ticket.whole()
  }
  try {
    // One asks for everything at once; the other three at a time, so that one waits when another has just ended.
    const ends = Array.from({ length: 70 }, (_, i) => ask(GREEDY, i))
    const several = async (from: number): Promise<void> => {
      for (let i = from; i < 27; i += 3) await ask(MODEST, i)
    }
    ends.push(...[0, 1, 2].map(several))
    const failed = Promise.all(ends).then(() => undefined)
    const waits = ({ name }: Client) => scheduler.snapshot().queue.some(({ client }) => client === name)
    await Promise.race([failed, until(() => !waits(MODEST) || !waits(GREEDY))])
    over = true
    failed.catch(() => undefined)
  } finally {
    await scheduler.stop({ graceMs: 0 })
  }
  const [greedy = 0, modest = 0] = had.values()
  expect(greedy + modest).toBeGreaterThan(800)
  expect(Math.abs(greedy - modest) / ((greedy + modest) / 2)).toBeLessThan(0.1)
}, 300_000)
