import type { RequestClass, SchedulerSettings } from '@berth/scheduler'
import type { MachineModel, TraceLine, TraceModel, TraceRequest } from '@berth/scheduler/simulation'
import type { PolicyColumn } from '../state.js'

/** A trace to try policies on, with the machine that makes it interesting. */
export interface Example {
  /** For addresses. */
  readonly id: string
  readonly name: string
  /** What to look at. */
  readonly about: string
  readonly machine: MachineModel
  readonly settings: Partial<SchedulerSettings>
  readonly columns: readonly PolicyColumn[]
  readonly trace: readonly TraceLine[]
}

const GB = 1e9

const COLUMN: PolicyColumn = { policy: 'fair', eviction: 'lru', preempt: true }

/** A GPU of that much memory beside 16 GB of RAM; its loads share nothing and its models say how fast they are. */
function card(gb: number): MachineModel {
  return {
    name: `GPU with ${gb} GB`,
    devices: [
      {
        id: 'gpu0',
        kind: 'gpu',
        name: 'GPU',
        capacity: gb * GB,
        bytesPerSecond: 500 * GB,
        flopsPerSecond: 50e12,
      },
      {
        id: 'ram',
        kind: 'ram',
        name: 'RAM',
        capacity: 16 * GB,
        bytesPerSecond: 50 * GB,
        flopsPerSecond: 0.4e12,
      },
    ],
    cores: 8,
    load: { bytesPerSecond: 5 * GB, fixedMs: 0 },
    unloadMs: 0,
    promptChunk: 512,
    stepMs: 0,
    sequenceMs: 0,
    parkBytesPerSecond: 20 * GB,
  }
}

/** 5 GB of weights, and of KV cache 2 GB for a slot of 4,096 tokens. */
function model(name: string, loadMs: number, bytes = 5 * GB): TraceModel {
  return {
    type: 'model',
    model: name,
    bytes,
    shape: { layers: 32, kvBytesPerToken: 488_320, trainedContext: 4096 },
    rates: { loadMs, promptTokenMs: 1, stepMs: 10, sequenceMs: 0 },
  }
}

function ask(
  at: number,
  wanted: string,
  client: string,
  [promptTokens, outputTokens]: readonly [number, number],
  kind: RequestClass = 'interactive',
): TraceRequest {
  return { type: 'request', at, model: wanted, client, class: kind, promptTokens, outputTokens }
}

function trace(
  name: string,
  models: readonly TraceModel[],
  requests: readonly TraceLine[],
): readonly TraceLine[] {
  const inOrder = requests.toSorted((a, b) => timeOf(a) - timeOf(b))
  return [{ type: 'trace', version: 1, name }, ...models, ...inOrder]
}

const timeOf = (line: TraceLine): number => ('at' in line ? line.at : 0)

/** Three users and two models within nine seconds; a clock that is pressed together: five minutes of keep-alive are four seconds here. */
const TWO_MODELS = trace(
  'two models, three users',
  [model('llama3-8b', 1_000), model('qwen3-8b', 1_000)],
  [
    ask(0, 'llama3-8b', 'A', [500, 101]),
    ask(3_000, 'qwen3-8b', 'B', [500, 51]),
    ask(6_000, 'llama3-8b', 'C', [1_000, 101]),
    { type: 'end', at: 9_000 },
  ],
)

/** A millisecond short of four seconds, so that what is idle from 5 s on is gone before the end at 9 s. */
const ONE_SLOT: Partial<SchedulerSettings> = { slots: 1, contextLength: 4096, keepAliveMs: 3_999 }

/** Numbers that look random and are the same everywhere (Park and Miller's generator). */
function* randomly(seed: number): Generator<number, never> {
  let state = seed
  while (true) {
    state = (state * 48_271) % 2_147_483_647
    yield state / 2_147_483_647
  }
}

/** One client asks for everything at once, another now and then. */
function greedy(): readonly TraceLine[] {
  const all = Array.from({ length: 24 }, (_, n) => ask(n * 20, 'llama3-8b', 'greedy', [200, 81], 'normal'))
  const now = Array.from({ length: 6 }, (_, n) =>
    ask(1_500 + n * 3_000, 'llama3-8b', 'modest', [200, 41], 'normal'),
  )
  return trace('a greedy client', [model('llama3-8b', 1_000)], [...all, ...now])
}

/** Ten long answers that nobody waits for, and people who come while they are written. */
function behindBatch(): readonly TraceLine[] {
  const batch = Array.from({ length: 10 }, (_, n) => ask(n * 10, 'llama3-8b', 'nightly', [400, 301], 'batch'))
  const people = [4_000, 9_000, 14_000].map((at) => ask(at, 'llama3-8b', 'Ann', [100, 61]))
  return trace('people behind a batch', [model('llama3-8b', 1_000)], [...batch, ...people])
}

/** Four models of which two have room: one is slow to load and asked for now and then, the others are quick. */
function thrash(): readonly TraceLine[] {
  const models = [model('slow', 6_000), model('quick-a', 800), model('quick-b', 800), model('quick-c', 800)]
  const chance = randomly(7)
  const requests = Array.from({ length: 36 }, (_, n) => {
    const r = chance.next().value
    const wanted = n % 4 === 0 ? 'slow' : `quick-${r < 0.34 ? 'a' : r < 0.67 ? 'b' : 'c'}`
    return ask(n * 2_500, wanted, `user ${(n % 3) + 1}`, [200, 41])
  })
  return trace('more models than memory', models, requests)
}

/** Short questions among long ones. */
function mixed(): readonly TraceLine[] {
  const chance = randomly(11)
  const requests = Array.from({ length: 30 }, (_, n) => {
    const isLong = chance.next().value < 0.3
    return ask(n * 400, 'llama3-8b', isLong ? 'writer' : 'asker', isLong ? [600, 301] : [60, 21], 'normal')
  })
  return trace('short among long', [model('llama3-8b', 1_000)], requests)
}

export const EXAMPLES: readonly Example[] = [
  {
    id: 'two-models',
    name: 'Two models, three users: 16 GB',
    about:
      'Each model takes 5 GB of weights and 2 GB of KV cache. Both fit: the third request finds its model still loaded, and the other one leaves when nobody has wanted it for a while.',
    machine: card(16),
    settings: ONE_SLOT,
    columns: [COLUMN],
    trace: TWO_MODELS,
  },
  {
    id: 'two-models-8gb',
    name: 'The same in 8 GB',
    about: 'There is room for one of the two: at 3 s the first has to leave, at 6 s it is loaded anew.',
    machine: card(8),
    settings: ONE_SLOT,
    columns: [COLUMN],
    trace: TWO_MODELS,
  },
  {
    id: 'two-models-limit',
    name: 'The same in 16 GB, one model at a time',
    about: 'Memory would do, but no more than one model may be loaded (--max-loaded-models 1).',
    machine: card(16),
    settings: { ...ONE_SLOT, maxLoaded: 1 },
    columns: [COLUMN],
    trace: TWO_MODELS,
  },
  {
    id: 'greedy',
    name: 'A greedy client',
    about:
      'One client asks 24 times at once, the other now and then. By arrival the second waits behind all of the first; fair shares let it in.',
    machine: card(16),
    settings: { slots: 2, contextLength: 4096 },
    columns: [
      { ...COLUMN, policy: 'fifo' },
      { ...COLUMN, policy: 'fair' },
    ],
    trace: greedy(),
  },
  {
    id: 'batch',
    name: 'People behind a batch',
    about:
      'Ten long answers of a nightly job take both slots. With preemption one of them gives its slot away and goes on later where it stopped.',
    machine: card(16),
    settings: { slots: 2, contextLength: 4096 },
    columns: [
      { ...COLUMN, preempt: false },
      { ...COLUMN, preempt: true },
    ],
    trace: behindBatch(),
  },
  {
    id: 'thrash',
    name: 'More models than memory',
    about:
      'Four models, room for two. One is slow to load: who only looks at what was used last throws it out again and again. The oracle knows what comes: nobody can do better at keeping models.',
    machine: card(16),
    settings: { slots: 1, contextLength: 4096 },
    columns: [COLUMN, { ...COLUMN, eviction: 'cost' }, { ...COLUMN, eviction: 'oracle' }],
    trace: thrash(),
  },
  {
    id: 'mixed',
    name: 'Short questions among long ones',
    about: 'The shortest first answers most people sooner, and lets the long ones wait.',
    machine: card(16),
    settings: { slots: 1, contextLength: 4096 },
    columns: [
      { ...COLUMN, policy: 'fifo' },
      { ...COLUMN, policy: 'fair' },
      { ...COLUMN, policy: 'shortest' },
    ],
    trace: mixed(),
  },
]
