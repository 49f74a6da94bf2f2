import {
  AZURE_CODE,
  AZURE_CONVERSATION,
  type Arrivals,
  type ClientMix,
  type TraceModel,
  type Workload,
} from '@berth/scheduler/simulation'

const ARRIVALS = ['poisson', 'bursts', 'day'] as const
const LENGTHS = ['conversation', 'code'] as const

/** What a trace is generated of. */
export interface WorkloadOptions {
  readonly generate?: (typeof ARRIVALS)[number]
  /** Requests a second: on an average of a Poisson process, in a burst, at noon. */
  readonly rate?: number
  readonly requests?: number
  /** Milliseconds. */
  readonly for?: number
  /** Bytes of each model's weights, the most wanted first. */
  readonly models?: readonly number[]
  readonly skew?: number
  readonly lengths?: (typeof LENGTHS)[number]
  readonly clients?: number
  readonly seed?: number
}

const GB = 1e9
const MODELS = [4.9 * GB, 2 * GB, 8.5 * GB, 1.1 * GB, 9 * GB] as const
const MINUTE = 60_000

/** A third of the requests comes from people, half from programs, the rest is batch work. */
function clientsOf(count: number): readonly ClientMix[] {
  const people = Math.max(1, count - 2)
  return [
    { name: 'user', count: people, weight: 3, class: 'interactive' },
    { name: 'service', weight: 5 },
    { name: 'batch', weight: 2, class: 'batch' },
  ]
}

export function workloadOf(options: WorkloadOptions): Workload {
  const { requests, for: durationMs, models = MODELS, skew, lengths, clients = 8, seed = 1 } = options
  return {
    seed,
    ...(requests === undefined && durationMs === undefined ? { requests: 1_000 } : {}),
    ...(requests === undefined ? {} : { requests }),
    ...(durationMs === undefined ? {} : { durationMs }),
    models: models.map(modelOf),
    ...(skew === undefined ? {} : { skew }),
    arrivals: arrivalsOf(options),
    lengths: lengths === 'code' ? AZURE_CODE : AZURE_CONVERSATION,
    clients: clientsOf(clients),
  }
}

function arrivalsOf({ generate, rate = 1 }: WorkloadOptions): Arrivals {
  if (generate === 'bursts') return { kind: 'bursts', rate, onMs: MINUTE, offMs: 4 * MINUTE }
  if (generate === 'day') return { kind: 'day-and-night', low: rate / 10, high: rate }
  return { kind: 'poisson', rate }
}

/** With the KV cache of an 8B model for an 8B model's weights, and more or less of it by size. */
function modelOf(bytes: number, index: number): TraceModel {
  const kvBytesPerToken = Math.max(
    16_384,
    4_096 * Math.round((131_072 * (bytes / (4.9 * GB)) ** 0.5) / 4_096),
  )
  const name = `model-${index + 1}-${Number((bytes / GB).toFixed(1))}gb`
  return { type: 'model', model: name, bytes, shape: { layers: 32, kvBytesPerToken, trainedContext: 32_768 } }
}
