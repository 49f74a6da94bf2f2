import type { Tokens } from '@berth/budget'
import type { Random } from './random.js'

/** How long something is. */
export type Lengths =
  | { readonly kind: 'fixed'; readonly tokens: Tokens }
  /** Log-normal, by its median and its mean, which is larger. */
  | { readonly kind: 'lognormal'; readonly median: Tokens; readonly mean: Tokens; readonly most?: Tokens }
  /** By what part of them is no longer: pairs of a part from 0 to 1 and tokens, both rising. */
  | { readonly kind: 'quantiles'; readonly at: readonly (readonly [number, Tokens])[] }

/** Lengths of prompts and of answers. */
export interface LengthsOfRequests {
  readonly prompt: Lengths
  readonly answer: Lengths
}

/**
 * Quantiles of what Azure served on one day of November 2023, 19,366 requests of conversations and 8,819 of code
 * completion: the traces AzureLLMInferenceTrace_conv and _code of github.com/Azure/AzurePublicDataset (CC-BY), of
 * Patel et al., "Splitwise", ISCA 2024. They have two humps or a wall each, so that no log-normal fits them.
 */
export const AZURE_CONVERSATION: LengthsOfRequests = {
  prompt: quantiles([
    2, 29, 181, 207, 387, 396, 403, 703, 1020, 1071, 1130, 1189, 1315, 2734, 4083, 4142, 6212, 14_050,
  ]),
  answer: quantiles([7, 16, 41, 54, 77, 85, 91, 103, 129, 177, 384, 395, 400, 424, 451, 601, 954, 1000]),
}

export const AZURE_CODE: LengthsOfRequests = {
  prompt: quantiles([
    3, 17, 75, 147, 386, 578, 770, 1075, 1469, 1909, 2433, 2745, 3192, 5186, 7302, 7436, 7437, 7437,
  ]),
  answer: quantiles([6, 6, 6, 7, 8, 9, 9, 11, 13, 16, 20, 24, 29, 55, 90, 252, 824, 1899]),
}

function quantiles(tokens: readonly Tokens[]): Lengths {
  const parts = [0, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 0.999, 1]
  return { kind: 'quantiles', at: parts.map((part, i) => [part, tokens[i] ?? 0] as const) }
}

/** One length, of one token at least. */
export function drawLength(lengths: Lengths, random: Random): Tokens {
  switch (lengths.kind) {
    case 'fixed':
      return lengths.tokens
    case 'lognormal': {
      // The mean of a log-normal is its median times e^(σ²/2).
      const sigma = Math.sqrt(2 * Math.log(lengths.mean / lengths.median))
      const tokens = Math.round(lengths.median * Math.exp(sigma * random.normal()))
      return Math.max(1, Math.min(tokens, lengths.most ?? Infinity))
    }
    case 'quantiles':
      return Math.max(1, Math.round(between(lengths.at, random.uniform())))
  }
}

/** What lies at a part, between the two quantiles beside it: straight in their logarithms, for the tails are long. */
function between(at: readonly (readonly [number, Tokens])[], part: number): Tokens {
  let [lowPart, low] = at[0] ?? [0, 1]
  for (const [highPart, high] of at) {
    if (part <= highPart && highPart > lowPart) {
      return low * (high / low) ** ((part - lowPart) / (highPart - lowPart))
    }
    lowPart = highPart
    low = high
  }
  return low
}
