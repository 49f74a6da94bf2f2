import type { Bytes, MemoryProfile, Tokens } from '@berth/budget'
import type { ModelId, Purpose } from '../backend.js'
import type { RequestClass } from '../request.js'

/** The version of the format that is written, and the only one that is read. */
export const TRACE_VERSION = 1

/** A line of a trace. Times are milliseconds since its beginning. docs/simulator.md describes the format. */
export type TraceLine = TraceHeader | TraceModel | TraceRequest | TraceEnd

/** The first line. */
export interface TraceHeader {
  readonly type: 'trace'
  readonly version: typeof TRACE_VERSION
  /** For people. */
  readonly name?: string
  /** Where it comes from: "recorded by …", "generated, seed 1". */
  readonly source?: string
}

/** A model, before the first request for it. */
export interface TraceModel {
  readonly type: 'model'
  readonly model: ModelId
  /** Of the weights, as they are read at a load. */
  readonly bytes: Bytes
  /** Absent: both. */
  readonly purposes?: readonly Purpose[]
  /** What it needs of memory: in full, or by the few figures that it is made from. One of the two. */
  readonly profile?: MemoryProfile
  readonly shape?: ModelShape
  /** How fast it was seen to be; absent: by the machine that is simulated. */
  readonly rates?: ModelRates
  /** Absent: reckoned from the profile, or as for a 4-bit quantization. */
  readonly parameters?: number
  /** Of them, those that one token is computed with (a mixture of experts); absent: all. */
  readonly activeParameters?: number
}

/** A model's memory by a few figures, where its file is not at hand. */
export interface ModelShape {
  readonly layers: number
  /** Of f16 KV cache, over all layers. */
  readonly kvBytesPerToken: Bytes
  /** Absent: as long as one likes. */
  readonly trainedContext?: Tokens
  /** What a load takes beside weights and KV cache. */
  readonly overheadBytes?: Bytes
}

/** How fast a model is, as far as that was seen. What is missing is taken from the machine. */
export interface ModelRates {
  /** From the decision to load it to its first token, alone on the machine. */
  readonly loadMs?: number
  /** Computes a token of a prompt. */
  readonly promptTokenMs?: number
  /** A decode step, whatever its batch. */
  readonly stepMs?: number
  /** What every sequence in the batch adds to a decode step. */
  readonly sequenceMs?: number
}

/** A request, without its text. Requests come in the order of their times. */
export interface TraceRequest {
  readonly type: 'request'
  readonly at: number
  readonly model: ModelId
  /** Absent: `local`. */
  readonly client?: string
  /** Absent: `normal`. */
  readonly class?: RequestClass
  /** Absent: `generate`. */
  readonly purpose?: Purpose
  readonly promptTokens: Tokens
  /** Of them, those that need not be computed; absent: 0. */
  readonly cachedTokens?: Tokens
  /** What the model had to say, had nobody stopped it; 0 for embeddings. */
  readonly outputTokens: Tokens
  /** The most that it was allowed to say. */
  readonly maxTokens?: Tokens
  /** The context that it asked for. */
  readonly contextLength?: Tokens
  readonly keepAliveMs?: number
}

/** The last line: how long the recording went on after its last request. */
export interface TraceEnd {
  readonly type: 'end'
  readonly at: number
}
