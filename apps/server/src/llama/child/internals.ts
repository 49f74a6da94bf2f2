/* oxlint-disable no-underscore-dangle, typescript/no-unsafe-type-assertion -- the names are node-llama-cpp's, and its types do not have them */
import type {
  Llama,
  LlamaContextSequence,
  LlamaGrammarEvaluationState,
  LlamaModel,
  Token,
} from 'node-llama-cpp'

/**
 * The one window onto what node-llama-cpp does not export. Its public generator makes a sampler of its own
 * for every call, so a parked job would lose the state of its random numbers; and it tells probabilities
 * only after sampling has cut and scaled them. Both need the sampler in our hands. What is used here is
 * checked when a model is loaded (`checkInternals`), so that a version without it is a clear error.
 */

/** Place of a token's logits in the batch that was just decoded. */
type LogitIndex = number

export interface NativeSamplerConfig {
  /** 0 or less takes the likeliest. */
  readonly temperature: number
  /** 0 is off. */
  readonly topK?: number
  readonly topP?: number
  readonly minP?: number
  readonly seed?: number
  readonly repeatPenalty?: number
  readonly repeatPenaltyMaxTokens?: number
  readonly repeatPenaltyTokens?: Uint32Array
  readonly repeatPenaltyPresencePenalty?: number
  readonly repeatPenaltyFrequencyPenalty?: number
  readonly tokenBiasKeys?: Uint32Array
  readonly tokenBiasValues?: Float32Array
  readonly grammarEvaluationState?: unknown
}

export interface NativeSampler {
  applyConfig(config: NativeSamplerConfig): void
  dispose(): void
}

/** Token, probabilities, confidence, logits as pairs in one flat list, Σ exp(logit − greatest logit). */
type NativeSample = readonly [
  number,
  unknown,
  number | undefined,
  readonly number[] | undefined,
  number | undefined,
]

interface NativeContext {
  sampleToken(index: LogitIndex, sampler: NativeSampler): Promise<number>
  sampleToken(
    index: LogitIndex,
    sampler: NativeSampler,
    probabilities: boolean,
    confidence: boolean,
    logits: readonly [
      tokens: readonly number[],
      highest: boolean,
      lowest: boolean,
      selected: boolean,
      top: number,
    ],
    totalWeight: boolean,
  ): Promise<NativeSample>
}

interface InsideSequence {
  readonly _context: { readonly _ctx: NativeContext }
  readonly _tokenMeter: unknown
  _decodeTokens<Result>(
    tokens: readonly number[],
    logits: readonly (true | undefined)[],
    priority: number,
    meter: unknown,
    shift: { readonly size: number; readonly strategy: 'eraseBeginning' },
    mapLogits: (index: LogitIndex) => Promise<Result>,
  ): Promise<Result[]>
}

interface InsideLlama {
  readonly _bindings: {
    readonly AddonSampler: {
      new (model: unknown): NativeSampler
      acceptGrammarEvaluationStateToken(state: unknown, token: number): void
    }
  }
}

interface InsideModel {
  readonly _model: { getTokenString(token: number): string }
}

const insideSequence = (sequence: LlamaContextSequence): InsideSequence =>
  sequence as unknown as InsideSequence
const insideLlama = (llama: Llama): InsideLlama => llama as unknown as InsideLlama
const insideModel = (model: LlamaModel): InsideModel => model as unknown as InsideModel

/** @throws Error when this node-llama-cpp is not the one that this file was written for. */
export function checkInternals(model: LlamaModel, sequence: LlamaContextSequence): void {
  const found =
    typeof insideSequence(sequence)._decodeTokens === 'function' &&
    typeof insideSequence(sequence)._context?._ctx?.sampleToken === 'function' &&
    typeof insideLlama(model.llama)._bindings?.AddonSampler === 'function' &&
    typeof insideModel(model)._model?.getTokenString === 'function'
  if (!found) throw new Error('This version of node-llama-cpp is built differently inside; Berth needs 3.22')
}

export function createSampler(model: LlamaModel, config: NativeSamplerConfig): NativeSampler {
  const sampler = new (insideLlama(model.llama)._bindings.AddonSampler)(insideModel(model)._model)
  sampler.applyConfig(config)
  return sampler
}

/** A grammar's state, in the form in which a sampler's config takes it. */
export function nativeGrammarState(state: LlamaGrammarEvaluationState): unknown {
  return (state as unknown as { readonly _state: unknown })._state
}

/** Has a grammar go past tokens that are there already. */
export function acceptTokens(
  model: LlamaModel,
  state: LlamaGrammarEvaluationState,
  tokens: readonly number[],
): void {
  const { AddonSampler } = insideLlama(model.llama)._bindings
  for (const token of tokens) AddonSampler.acceptGrammarEvaluationStateToken(nativeGrammarState(state), token)
}

/** The engine's tokens are numbers with a brand. */
export function asTokens(tokens: readonly number[]): Token[] {
  return tokens as Token[]
}

/** How the vocabulary spells a token. */
export function tokenSpelling(model: LlamaModel, token: number): string {
  return insideModel(model)._model.getTokenString(token)
}

/** What samples from the logits of one token. */
export type SampleWith<Result> = (context: NativeContext, index: LogitIndex) => Promise<Result>

/**
 * Decodes tokens into the sequence and samples after the last of them.
 * The caller sees to it that the context has room for them and that the sequence does nothing else meanwhile.
 * @param order reaches the batching strategy as the items' `evaluationPriority`.
 */
export async function decodeAndSample<Result>(
  sequence: LlamaContextSequence,
  tokens: readonly number[],
  order: number,
  sample: SampleWith<Result>,
): Promise<Result> {
  const logits: (true | undefined)[] = []
  logits[tokens.length - 1] = true
  const inside = insideSequence(sequence)
  const results = await inside._decodeTokens(tokens, logits, order, inside._tokenMeter, NO_SHIFT, (index) =>
    sample(inside._context._ctx, index),
  )
  const result = results[tokens.length - 1]
  if (result === undefined) throw new Error('The engine gave no logits for the last token')
  return result
}

/** Decodes tokens into the sequence without looking at what would come next. Conditions as above. */
export async function decodeOnly(
  sequence: LlamaContextSequence,
  tokens: readonly number[],
  order: number,
): Promise<void> {
  const inside = insideSequence(sequence)
  await inside._decodeTokens(tokens, [], order, inside._tokenMeter, NO_SHIFT, () => Promise.resolve(null))
}

/** Never happens: a job makes room before it decodes. */
const NO_SHIFT = { size: 1, strategy: 'eraseBeginning' } as const
