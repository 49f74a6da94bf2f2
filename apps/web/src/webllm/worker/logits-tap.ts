import type { Sampling, TokenLogprob } from '@berth/scheduler'
import type { LogitProcessor } from '@mlc-ai/web-llm'

/** How a token reads. */
export type Spell = (token: number) => { readonly token: string; readonly bytes: readonly number[] }

/** Stands for a probability of nothing: minus infinity does not survive JSON. */
const NONE = -9999

/** A logit that no token with it is ever taken, yet finite: kernels divide it by the temperature. */
const NEVER = -1e9

/**
 * Reads and narrows the logits of each step on the CPU, which costs a copy from the GPU and back: only for jobs
 * that need it. WebLLM's own log-probabilities are those after temperature, and it has neither top-k nor min-p.
 */
export class LogitsTap implements LogitProcessor {
  readonly #sampling: Sampling
  readonly #top: number | null
  readonly #spell: Spell
  #logits: Float32Array = new Float32Array()
  #last: TokenLogprob | null = null

  /** @param top how many of the likeliest tokens to tell beside the one taken; null: no log-probabilities. */
  constructor(sampling: Sampling, top: number | null, spell: Spell) {
    this.#sampling = sampling
    this.#top = top
    this.#spell = spell
  }

  /** Whether a job needs it. */
  static needed(sampling: Sampling, logprobs: unknown): boolean {
    return logprobs !== undefined || (sampling.topK ?? 0) > 0 || (sampling.minP ?? 0) > 0
  }

  /** Of the token taken last; null where none was asked for. */
  get last(): TokenLogprob | null {
    return this.#last
  }

  processLogits(logits: Float32Array): Float32Array {
    if (this.#top !== null) this.#logits = logits.slice()
    narrow(logits, this.#sampling)
    return logits
  }

  processSampledToken(token: number): void {
    if (this.#top === null) return
    const sum = logSum(this.#logits)
    const score = (id: number): number => {
      const value = (this.#logits[id] ?? -Infinity) - sum
      return Number.isFinite(value) ? Math.max(value, NONE) : NONE
    }
    this.#last = {
      ...this.#spell(token),
      logprob: score(token),
      top: likeliest(this.#logits, this.#top).map((id) => ({ ...this.#spell(id), logprob: score(id) })),
    }
  }

  resetState(): void {
    this.#last = null
  }
}

/** Leaves the `topK` likeliest tokens and those with at least `minP` of the likeliest one's probability. */
function narrow(logits: Float32Array, { topK = 0, minP = 0 }: Sampling): void {
  let least = -Infinity
  if (topK > 0 && topK < logits.length) least = logits.toSorted().at(-topK)!
  if (minP > 0) least = Math.max(least, largest(logits) + Math.log(Math.min(minP, 1)))
  if (least === -Infinity) return
  for (let id = 0; id < logits.length; id += 1) if (logits[id]! < least) logits[id] = NEVER
}

/** Token ids with the highest logits, the highest first. */
function likeliest(logits: Float32Array, count: number): readonly number[] {
  const best: number[] = []
  if (count <= 0) return best
  for (let id = 0; id < logits.length; id += 1) {
    const value = logits[id]!
    if (best.length === count && value <= logits[best.at(-1)!]!) continue
    const at = best.findIndex((other) => logits[other]! < value)
    best.splice(at < 0 ? best.length : at, 0, id)
    if (best.length > count) best.pop()
  }
  return best
}

function logSum(logits: Float32Array): number {
  const most = largest(logits)
  let sum = 0
  for (const value of logits) sum += Math.exp(value - most)
  return most + Math.log(sum)
}

function largest(logits: Float32Array): number {
  let most = -Infinity
  for (const value of logits) if (value > most) most = value
  return most
}
