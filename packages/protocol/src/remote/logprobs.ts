import type { TokenLogprob } from '@berth/scheduler'
import * as z from 'zod/mini'
import { utf8 } from './platform.js'

const token = {
  token: z.string(),
  logprob: z.number(),
  bytes: z.nullish(z.array(z.number())),
}

/** A token's log-probability, which Ollama's and OpenAI's APIs write alike. */
export const WireLogprob = z.object({ ...token, top_logprobs: z.nullish(z.array(z.object(token))) })
type WireLogprob = z.output<typeof WireLogprob>

export function tokenLogprobs(all: readonly WireLogprob[]): readonly TokenLogprob[] {
  return all.map((one) => ({ ...oneToken(one), top: (one.top_logprobs ?? []).map(oneToken) }))
}

/** No probability at all is minus infinity, for which JSON has no word: servers send -9999. */
const oneToken = ({ token: text, logprob, bytes }: Omit<WireLogprob, 'top_logprobs'>) => ({
  token: text,
  bytes: bytes ?? utf8(text),
  logprob: Math.max(logprob, -9999),
})
