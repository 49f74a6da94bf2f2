import type { LlamaModel } from 'node-llama-cpp'
import { createSampler, type NativeSampler, type NativeSamplerConfig, type SampleWith } from './internals.js'

/** A token and its natural log-probability. */
export type ScoredToken = readonly [token: number, logprob: number]

export interface Sampled {
  readonly token: number
  /** Before sampling: from the model's own distribution. Only where they were asked for. */
  readonly scores?: { readonly chosen: number; readonly top: readonly ScoredToken[] }
}

/** Draws one job's tokens. Keeps its random numbers' state, the penalties' and the grammar's between them. */
export class Sampler {
  readonly #sampler: NativeSampler
  /** Changes nothing and draws nothing: to look at the logits as the model gave them. */
  readonly #look: NativeSampler | null
  readonly #top: number

  /** @param logprobs how many of the likeliest tokens to score beside the chosen one; null: score none. */
  constructor(model: LlamaModel, config: NativeSamplerConfig, logprobs: number | null) {
    this.#sampler = createSampler(model, config)
    this.#look = logprobs === null ? null : createSampler(model, { temperature: 0, seed: 0 })
    this.#top = logprobs ?? 0
  }

  readonly sample: SampleWith<Sampled> = async (context, index) => {
    const token = await context.sampleToken(index, this.#sampler)
    if (token === undefined || token < 0) throw new Error('The engine found no next token')
    if (this.#look === null) return { token }
    // The greatest logit is asked for always: the weights are relative to it.
    const wanted = [[token], false, false, false, Math.max(1, this.#top)] as const
    const [, , , pairs, weight] = await context.sampleToken(index, this.#look, false, false, wanted, true)
    if (pairs === undefined || weight === undefined) throw new Error('The engine gave no logits')
    return { token, scores: score(token, pairs, weight, this.#top) }
  }

  dispose(): void {
    this.#sampler.dispose()
    this.#look?.dispose()
  }
}

/** Stands for the logarithm of 0. */
const NONE = -9999

/** log p = logit − greatest logit − ln Σ exp(logit − greatest logit). */
function score(
  token: number,
  pairs: readonly number[],
  weight: number,
  top: number,
): NonNullable<Sampled['scores']> {
  const logits = new Map<number, number>()
  for (let at = 0; at + 1 < pairs.length; at += 2) logits.set(pairs[at]!, pairs[at + 1]!)
  const greatest = Math.max(...logits.values())
  const logprob = (logit: number | undefined): number =>
    logit === undefined || logit === -Infinity ? NONE : logit - greatest - Math.log(weight)
  const likeliest = [...logits]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, top)
    .map(([id, logit]) => [id, logprob(logit)] as const)
  return { chosen: logprob(logits.get(token)), top: likeliest }
}
