import type { MemoryProfile } from '@berth/budget'

/** What is wrong with a value that is to be a memory profile: which field, and what it should be; null where nothing is. */
export interface ProfileFault {
  readonly field: string
  readonly expected: string
}

type Rec = Readonly<Record<string, unknown>>

const GRAPH = [
  'embedding',
  'vocabulary',
  'feedForward',
  'heads',
  'queries',
  'keyValues',
  'values',
  'largestMatrix',
] as const
const BYTES = 'an object with bytes, repackable and repacked'

/** Whether the arithmetic of memory can read it. */
export function isMemoryProfile(value: unknown): value is MemoryProfile {
  return profileFault(value) === null
}

export function profileFault(value: unknown): ProfileFault | null {
  if (!isRecord(value)) return { field: '', expected: 'an object' }
  if (!isCountOrNull(value['trainedContext']))
    return { field: 'trainedContext', expected: 'a whole number, or null' }
  if (value['kind'] === 'gguf') return ggufFault(value)
  if (value['kind'] === 'webllm') {
    return faultOf(value, ['maxSlots', 'weights', 'kvBytesPerToken', 'fixed'], '')
  }
  return { field: 'kind', expected: 'gguf or webllm: what runs elsewhere cannot be simulated' }
}

function ggufFault(profile: Rec): ProfileFault | null {
  const { layers, graph, engine, tiedOutput } = profile
  if (!Array.isArray(layers) || layers.length === 0 || !layers.every(isLayer)) {
    return { field: 'layers', expected: 'a list of layers with weights, kv and stateBytesPerSlot' }
  }
  for (const field of ['input', 'output'] as const) {
    if (!isWeights(profile[field])) return { field, expected: BYTES }
  }
  if (tiedOutput !== null && !isWeights(tiedOutput))
    return { field: 'tiedOutput', expected: `${BYTES}, or null` }
  if (!isRecord(graph)) return { field: 'graph', expected: 'an object' }
  if (!isRecord(engine)) return { field: 'engine', expected: 'an object' }
  if (!Array.isArray(engine['cpuFeatures'])) return { field: 'engine.cpuFeatures', expected: 'a list' }
  return (
    faultOf(graph, GRAPH, 'graph.') ??
    faultOf(engine, ['batchSize', 'hostOverhead', 'gpuOverhead'], 'engine.')
  )
}

function faultOf(record: Rec, fields: readonly string[], path: string): ProfileFault | null {
  const field = fields.find((each) => !isCount(record[each]))
  return field === undefined ? null : { field: path + field, expected: 'a number from 0' }
}

function isLayer(value: unknown): boolean {
  if (!isRecord(value) || !isWeights(value['weights']) || !isCount(value['stateBytesPerSlot'])) return false
  const { kv } = value
  return kv === null || (isRecord(kv) && isCount(kv['k']) && isCount(kv['v']) && isCountOrNull(kv['window']))
}

function isWeights(value: unknown): boolean {
  return (
    isRecord(value) && isCount(value['bytes']) && isCount(value['repackable']) && isCount(value['repacked'])
  )
}

function isCountOrNull(value: unknown): boolean {
  return value === null || isCount(value)
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isRecord(value: unknown): value is Rec {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
