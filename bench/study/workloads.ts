import type { RequestClass } from '@berth/scheduler'
import {
  AZURE_CODE,
  AZURE_CONVERSATION,
  generate,
  machineNamed,
  type Distribution,
  type MachineModel,
  type SimulationReport,
  type TraceModel,
  type TraceSource,
} from '@berth/scheduler/simulation'

/** Something that happens on a machine, to try policies on. */
export interface Study {
  readonly id: string
  readonly title: string
  /** What goes on, and what is hard about it. */
  readonly story: string
  readonly machine: MachineModel
  readonly trace: TraceSource
  /** Whose waiting for a first token is shown, in two panels. */
  readonly groups: readonly [Group, Group]
}

export interface Group {
  readonly name: string
  of(report: SimulationReport): Latency | undefined
}

export type Latency = Pick<Distribution, 'p50' | 'p90' | 'p99'>

const ofClass = (name: string, kind: RequestClass): Group => ({
  name,
  of: ({ byClass }) => byClass[kind]?.firstToken,
})

/** Of several clients of a kind, the one in the middle. */
const ofClients = (name: string, prefix: string): Group => ({
  name,
  of({ byClient }) {
    const some = byClient
      .filter(({ client }) => client.startsWith(prefix))
      .map(({ firstToken }) => firstToken)
    const middle = (of: (each: Distribution) => number): number =>
      some.map(of).toSorted((a, b) => a - b)[some.length >> 1] ?? Number.NaN
    return { p50: middle(({ p50 }) => p50), p90: middle(({ p90 }) => p90), p99: middle(({ p99 }) => p99) }
  },
})

const GB = 1e9
const SEED = 7

/** Heads and layers as published models of the size have them; 4-bit weights. */
const SHAPES = {
  '1b': { bytes: 0.8 * GB, shape: { layers: 16, kvBytesPerToken: 32_768, overheadBytes: 0.3 * GB } },
  '3b': { bytes: 2 * GB, shape: { layers: 28, kvBytesPerToken: 114_688, overheadBytes: 0.4 * GB } },
  '8b': { bytes: 4.9 * GB, shape: { layers: 32, kvBytesPerToken: 131_072, overheadBytes: 0.5 * GB } },
  '14b': { bytes: 9 * GB, shape: { layers: 40, kvBytesPerToken: 163_840, overheadBytes: 0.6 * GB } },
} as const

function model(name: string, size: keyof typeof SHAPES): TraceModel {
  return { type: 'model', model: name, ...SHAPES[size] }
}

const several = (prefix: string, size: keyof typeof SHAPES, count: number): readonly TraceModel[] =>
  Array.from({ length: count }, (_, i) => model(`${prefix}-${i + 1}`, size))

/** Mixed by turns, so that popularity goes by no size. */
function mixed(...groups: readonly (readonly TraceModel[])[]): readonly TraceModel[] {
  const longest = Math.max(...groups.map(({ length }) => length))
  return Array.from({ length: longest }, (_, i) => groups.flatMap((group) => group[i] ?? [])).flat()
}

/** With so little host memory that no model is placed there: orders and evictions are compared, not placements. */
function gpusOnly(name: string): MachineModel {
  const machine = machineNamed(name)
  return {
    ...machine,
    devices: machine.devices.map((each) => (each.kind === 'ram' ? { ...each, capacity: 0.5 * GB } : each)),
  }
}

export const STUDIES: readonly Study[] = [
  {
    id: 'team',
    title: 'A team and its night jobs on one GPU',
    story:
      'Twelve people chat with four models on one RTX 4090, which holds three of them, while two scripts work through documents as batch work. People come by day and night; the scripts never stop.',
    machine: gpusOnly('rtx-4090'),
    trace: () =>
      generate({
        seed: SEED,
        requests: 6_000,
        models: mixed(several('chat', '8b', 3), several('think', '14b', 1)),
        arrivals: { kind: 'day-and-night', low: 0.05, high: 0.4, dayMs: 2 * 3_600_000 },
        clients: [
          { name: 'person', count: 12, weight: 3, class: 'interactive' },
          { name: 'script', count: 2, weight: 1, class: 'batch' },
        ],
      }),
    groups: [ofClass('people', 'interactive'), ofClass('scripts', 'batch')],
  },
  {
    id: 'greedy',
    title: 'One client who wants everything',
    story:
      'Nine clients of the same class share one model on one GPU; one of them sends nine tenths of all requests, in bursts. What the others wait for is the question.',
    machine: gpusOnly('rtx-4090'),
    trace: () =>
      generate({
        seed: SEED,
        requests: 6_000,
        models: [model('chat', '8b')],
        arrivals: { kind: 'bursts', rate: 3, onMs: 120_000, offMs: 240_000 },
        clients: [
          { name: 'greedy', weight: 9 },
          { name: 'modest', count: 8, weight: 1 },
        ],
      }),
    groups: [ofClients('a modest client', 'modest'), ofClients('the greedy client', 'greedy')],
  },
  {
    id: 'zoo',
    title: 'Many models, of many sizes',
    story:
      'Thirty models from 1 to 14 billion parameters, wanted by Zipf’s law, on two GPUs that hold about ten of them; half of the requests are short code completions, half are conversations. Who leaves, and who goes first, is the question.',
    machine: gpusOnly('2x-rtx-4090'),
    trace: () =>
      generate({
        seed: SEED,
        requests: 6_000,
        models: mixed(
          several('tiny', '1b', 9),
          several('small', '3b', 9),
          several('chat', '8b', 8),
          several('large', '14b', 4),
        ),
        skew: 0.9,
        arrivals: { kind: 'poisson', rate: 0.8 },
        clients: [
          { name: 'editor', count: 10, lengths: AZURE_CODE },
          { name: 'reader', count: 10, lengths: AZURE_CONVERSATION },
        ],
      }),
    groups: [ofClients('an editor', 'editor'), ofClients('a reader', 'reader')],
  },
]
