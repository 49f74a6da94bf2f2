import type { TokenLogprob } from '@berth/scheduler'
import { field, listField, textField } from './json.js'

/** Stands for a probability of none. */
const NONE = -9999

/** llama.cpp's account of a token in the contract's terms. */
export function tokenLogprob(score: unknown, top: number): TokenLogprob {
  const likeliest = listField(score, 'top_logprobs').slice(0, top)
  return { ...scored(score), top: likeliest.map(scored) }
}

function scored(score: unknown): Omit<TokenLogprob, 'top'> {
  const logprob = field(score, 'logprob')
  return {
    token: textField(score, 'token'),
    bytes: listField(score, 'bytes').map(Number),
    logprob: typeof logprob === 'number' ? Math.max(NONE, logprob) : NONE,
  }
}
