import { randomInt } from 'node:crypto'
import type { Sampling } from '@berth/scheduler'
import type { NativeSamplerConfig } from './internals.js'

/** The seed that llama.cpp takes for "choose one yourself". */
const NO_SEED = 0xffff_ffff

/** Whether a job with these settings is meant to give the same text again. */
export function isRepeatable(sampling: Sampling): boolean {
  return sampling.temperature === 0 || sampling.seed !== undefined
}

/**
 * The engine's settings for a job. What is left out is off; a temperature has no off, there 1 leaves the
 * model's distribution as it is.
 * @param history tokens of the prompt: penalties look at its end as well as at the answer.
 */
export function samplerConfig(
  sampling: Sampling,
  history: readonly number[],
  contextLength: number,
  grammarState: unknown,
): NativeSamplerConfig {
  return {
    temperature: sampling.temperature ?? 1,
    // A cut that cuts nothing would still sort the whole vocabulary for every token.
    ...(sampling.topK !== undefined && sampling.topK > 0 ? { topK: sampling.topK } : {}),
    ...(sampling.topP !== undefined && sampling.topP < 1 ? { topP: sampling.topP } : {}),
    ...(sampling.minP !== undefined && sampling.minP > 0 ? { minP: sampling.minP } : {}),
    seed: sampling.seed === undefined ? randomInt(NO_SEED) : usableSeed(sampling.seed),
    ...penalties(sampling, history, contextLength),
    ...biases(sampling),
    ...(grammarState === undefined ? {} : { grammarEvaluationState: grammarState }),
  }
}

/** Any whole number becomes one of the engine's 32 bits, the same one always, and never its "choose one yourself". */
export function usableSeed(seed: number): number {
  const bits = Number(BigInt.asUintN(32, BigInt(Math.trunc(seed))))
  return bits === NO_SEED ? NO_SEED - 1 : bits
}

function penalties(
  sampling: Sampling,
  history: readonly number[],
  contextLength: number,
): Partial<NativeSamplerConfig> {
  const { repeatPenalty = 1, frequencyPenalty = 0, presencePenalty = 0, repeatLastN = 64 } = sampling
  const last = repeatLastN < 0 ? contextLength : repeatLastN
  if (last === 0 || (repeatPenalty === 1 && frequencyPenalty === 0 && presencePenalty === 0)) return {}
  return {
    repeatPenalty,
    repeatPenaltyMaxTokens: last,
    repeatPenaltyTokens: Uint32Array.from(history.slice(-last)),
    repeatPenaltyPresencePenalty: presencePenalty,
    repeatPenaltyFrequencyPenalty: frequencyPenalty,
  }
}

function biases({ logitBias }: Sampling): Partial<NativeSamplerConfig> {
  const entries = Object.entries(logitBias ?? {})
  if (entries.length === 0) return {}
  return {
    tokenBiasKeys: Uint32Array.from(entries, ([token]) => Number(token)),
    tokenBiasValues: Float32Array.from(entries, ([, bias]) => bias),
  }
}
