import type { EmbedJob, FinishReason, GenerateJob, Metrics, Piece } from '@berth/scheduler'
import type { RemoteModel } from './remote-model.js'

/** An API family, from the side of who asks. */
export interface Dialect {
  /** A path that costs the server nothing: whether it lives. */
  readonly alivePath: string
  /** Where all is shown of a model; null where there is no such place. */
  readonly showPath: string | null
  /** @param ask gets the JSON of a path; with a body it is a POST. */
  models(ask: AskJson): Promise<readonly RemoteModel[]>
  /** @throws BackendError `unsupported`, naming what the family has no words for. */
  generate(model: string, job: GenerateJob): Exchange
  /** @param inputs as many of the job's as one request takes. */
  embed(model: string, job: EmbedJob, inputs: readonly string[]): WireRequest
  /** The vectors of an embedding request's answer. @throws BackendError `engine` for what is none. */
  vectors(server: string, answer: unknown): Vectors
}

export type AskJson = (path: string, body?: object) => Promise<unknown>

export interface WireRequest {
  readonly path: string
  readonly body: object
}

/** A request, and who understands the answer to it. */
export interface Exchange extends WireRequest {
  readonly reader: AnswerReader
}

/** Makes pieces of the frames of an answer: a line of NDJSON, the data of an event. */
export interface AnswerReader {
  frames(text: AsyncIterable<string>): AsyncIterable<string>
  /** @throws BackendError for an error that the server tells, and for what is no answer. */
  take(server: string, frame: string): readonly Piece[]
  /** Nothing more of use will come. */
  readonly over: boolean
  /** How the answer ended; null while it has not, and for ever where it was cut off. */
  readonly end: AnswerEnd | null
}

export interface AnswerEnd {
  readonly reason: FinishReason
  /** What the server tells; the rest is counted here. */
  readonly figures: Partial<Metrics>
  readonly context?: readonly number[]
}

export interface Vectors {
  readonly vectors: readonly (readonly number[])[]
  /** Tokens of all inputs; null where the server does not tell. */
  readonly tokens: number | null
}

/** Most characters of one line or event: the tokens of a long conversation fit, a flood without an end does not. */
export const FRAME_LIMIT = 8 * 1024 * 1024
