import type { Tokens } from '@berth/budget'
import { grammarSchema } from '@berth/protocol'
import { BackendError, type GenerateJob, type OutputFormat, type Sampling } from '@berth/scheduler'
import { field } from './json.js'

/** The seed that llama.cpp takes for "choose one yourself". */
const NO_SEED = 0xffff_ffff

export interface Request {
  readonly prompt: string
  readonly promptTokens: Tokens
  /** Texts that the engine is to spell although they are special tokens. */
  readonly markers: readonly string[]
  readonly format: OutputFormat | undefined
}

/**
 * A job in the JSON of llama.cpp's server. All that it would refuse by a C++ exception is refused here.
 * @param limit tokens of prompt and answer that a slot has room for.
 * @param seed for a job that brings none.
 * @throws BackendError `bad-job`, `unsupported`
 */
export function requestBody(job: GenerateJob, request: Request, limit: Tokens, seed: number): object {
  const shifts = job.overflow.answer === 'shift'
  const room = shifts ? Infinity : Math.max(1, limit - request.promptTokens)
  const most = Math.min(job.maxTokens ?? Infinity, room)
  return {
    prompt: request.prompt,
    n_predict: most === Infinity ? -1 : most,
    n_keep: Math.max(0, Math.trunc(job.overflow.keep ?? 0)),
    stream: true,
    cache_prompt: true,
    return_progress: true,
    // For the tokens of each part; the text has no other sign of a token that ends the answer.
    verbose: true,
    return_tokens: true,
    preserved_tokens: request.markers,
    ...(job.logprobs === undefined ? {} : { n_probs: Math.max(1, Math.trunc(job.logprobs.top)) }),
    ...samplingBody(job.sampling, limit, seed),
    ...(request.format === undefined ? {} : formatBody(request.format)),
  }
}

/** What is left out is off; a temperature has no off, there 1 leaves the model's distribution as it is. */
function samplingBody(sampling: Sampling, limit: Tokens, seed: number): object {
  for (const [name, value] of Object.entries(sampling)) {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new BackendError('bad-job', `Expected \`${name}\` to be a number, got ${value}`)
    }
  }
  const { repeatLastN = 64, logitBias = {} } = sampling
  return {
    temperature: Math.max(0, sampling.temperature ?? 1),
    top_k: Math.max(0, Math.trunc(sampling.topK ?? 0)),
    top_p: Math.min(1, Math.max(0, sampling.topP ?? 1)),
    min_p: Math.min(1, Math.max(0, sampling.minP ?? 0)),
    seed: usableSeed(sampling.seed ?? seed),
    repeat_penalty: sampling.repeatPenalty ?? 1,
    repeat_last_n: repeatLastN < 0 ? limit : Math.trunc(repeatLastN),
    frequency_penalty: sampling.frequencyPenalty ?? 0,
    presence_penalty: sampling.presencePenalty ?? 0,
    logit_bias: Object.entries(logitBias).map(([token, bias]) => [Number(token), bias]),
  }
}

/** Any whole number becomes one of the engine's 32 bits, the same one always, and never its "choose one yourself". */
function usableSeed(seed: number): number {
  const bits = Number(BigInt.asUintN(32, BigInt(Math.trunc(seed))))
  return bits === NO_SEED ? NO_SEED - 1 : bits
}

function formatBody(format: OutputFormat): object {
  switch (format.kind) {
    case 'json':
      return { json_schema: { type: 'object' } }
    case 'json-schema': {
      const schema = grammarSchema(format.schema)
      checkReferences(schema, schema)
      return { json_schema: schema }
    }
    case 'gbnf':
      return { grammar: format.grammar }
  }
}

function checkReferences(part: unknown, whole: object): void {
  if (typeof part !== 'object' || part === null) return
  for (const [key, value] of Object.entries(part)) {
    if (key !== '$ref' || typeof value !== 'string') checkReferences(value, whole)
    else if (!value.startsWith('#/') || field(whole, ...value.slice(2).split('/')) === undefined) {
      throw new BackendError('bad-job', `The schema has nothing at \`${value}\`, which it refers to`)
    }
  }
}
