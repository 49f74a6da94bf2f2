import type { Message } from '@berth/scheduler'

/** Text has no turns: what is left out comes after the first `keep` tokens. */
export function fitRaw(tokens: readonly number[], limit: number, keep: number): readonly number[] {
  if (tokens.length <= limit) return tokens
  const kept = Math.max(0, Math.min(keep, limit - 1))
  return [...tokens.slice(0, kept), ...tokens.slice(tokens.length - (limit - kept))]
}

/**
 * Tries a conversation, and again with more of its oldest turns left out, until it fits; the system prompt and
 * the last turn stay. A cut comes before a question, so that no answer is left without one.
 * @param attempt answers how many tokens a prompt has that does not fit, null when it was taken. Of one that does
 *   not fit nothing is computed.
 * @param weigh tokens of a text; what the chat template adds is found out by the attempts.
 * @throws what `tooLong` makes of the tokens of the last turn alone, where not even that fits.
 */
export async function fitMessages(
  messages: readonly Message[],
  limit: number,
  attempt: (messages: readonly Message[]) => Promise<number | null>,
  weigh: (text: string) => number,
  tooLong: (tokens: number) => Error,
): Promise<void> {
  let tokens = await attempt(messages)
  if (tokens === null) return
  const weights = messages.map(({ content }) => weigh(content))
  // What the template adds to each message, more or less.
  const extra = Math.max(0, (tokens - sum(weights)) / messages.length)
  const cuts = messages.flatMap(({ role }, at) => (role === 'user' && at > 0 ? [at] : []))
  const estimate = (cut: number): number =>
    sum(messages.map((message, at) => (stays(message, at, cut) ? weights[at]! + extra : 0)))
  const hopeful = cuts.findIndex((cut) => estimate(cut) <= limit)
  for (const cut of cuts.slice(hopeful < 0 ? -1 : hopeful)) {
    tokens = await attempt(messages.filter((message, at) => stays(message, at, cut)))
    if (tokens === null) return
  }
  throw tooLong(tokens)
}

function stays({ role }: Message, at: number, cut: number): boolean {
  return at >= cut || role === 'system'
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
