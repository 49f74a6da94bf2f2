import type { Tokens } from '@berth/budget'
import { PLAIN_ANSWER, renderChat, type AnswerFormat } from '@berth/protocol'
import { BackendError, type GenerateJob, type Message } from '@berth/scheduler'
import type { Tokenizer } from './tokenizer.js'

export interface PromptText {
  readonly text: string
  /** With those that the engine puts around it. */
  readonly tokens: Tokens
  /** Stop strings that the prompt's form brings with it. */
  readonly stop: readonly string[]
  /** How the answer is to be read. */
  readonly answer: AnswerFormat
}

/**
 * A job's prompt as text, cut to `limit` tokens if the job wants that. (It stays text: wllama takes no tokens.)
 * @throws BackendError `context-overflow` when it is too long and may not, or cannot, be cut.
 */
export async function promptText(
  job: GenerateJob,
  tokenizer: Pick<Tokenizer, 'format' | 'count' | 'countPrompt' | 'withoutBegin' | 'added'>,
  limit: Tokens,
): Promise<PromptText> {
  const { prompt } = job
  if ((prompt.after?.length ?? 0) > 0 || job.returnTokens === true) {
    throw new BackendError('unsupported', 'This engine takes a prompt as text only, not as tokens')
  }
  if (prompt.kind === 'raw') {
    if (prompt.suffix !== undefined)
      throw new BackendError('unsupported', 'This engine writes no text that leads to a suffix')
    const text = tokenizer.withoutBegin(prompt.text)
    const fitted = await fitRaw(text, tokenizer, job, limit)
    if (fitted.tokens === 0) throw new BackendError('bad-job', 'Expected a prompt, got an empty text')
    return { ...fitted, stop: [], answer: PLAIN_ANSWER }
  }
  if (prompt.messages.length === 0)
    throw new BackendError('bad-job', 'Expected at least one message, got none')
  const render = async (messages: readonly Message[]): Promise<PromptText> => {
    const rendered = renderChat(prompt, messages, tokenizer.format)
    const text = tokenizer.withoutBegin(rendered.text)
    return { ...rendered, text, tokens: await tokenizer.countPrompt(text) }
  }
  return fitChat(prompt.messages, render, job, limit)
}

/** Leaves out the oldest turns, as few as will do; the system prompt and the last turn stay. */
async function fitChat(
  messages: readonly Message[],
  render: (messages: readonly Message[]) => Promise<PromptText>,
  job: GenerateJob,
  limit: Tokens,
): Promise<PromptText> {
  const whole = await render(messages)
  if (whole.tokens <= limit) return whole
  if (job.overflow.prompt === 'fail') throw tooLong(whole.tokens, limit)
  // A cut comes before a question, so that no answer is left without one.
  const cuts = messages.flatMap(({ role }, index) => (role === 'user' && index > 0 ? [index] : []))
  const cutAt = (index: number): Message[] =>
    messages.filter((message, at) => at >= index || message.role === 'system')
  // The later the cut, the shorter the prompt: the first that fits is found by halving.
  let low = 0
  let high = cuts.length
  let best: PromptText | null = null
  while (low < high) {
    const middle = (low + high) >> 1
    const rendered = await render(cutAt(cuts[middle] ?? 0))
    if (rendered.tokens <= limit) {
      best = rendered
      high = middle
    } else {
      low = middle + 1
    }
  }
  if (best !== null) return best
  const last = cuts.at(-1)
  const least = last === undefined ? whole : await render(cutAt(last))
  throw tooLong(least.tokens, limit, ' even with all earlier turns left out')
}

/** Text has no turns: what is left out comes after the first `keep` tokens. */
async function fitRaw(
  text: string,
  tokenizer: Pick<Tokenizer, 'count' | 'countPrompt' | 'added'>,
  job: GenerateJob,
  limit: Tokens,
): Promise<{ readonly text: string; readonly tokens: Tokens }> {
  const tokens = await tokenizer.countPrompt(text)
  if (tokens <= limit) return { text, tokens }
  if (job.overflow.prompt === 'fail') throw tooLong(tokens, limit)
  const keep = Math.max(0, Math.min(job.overflow.keep ?? 0, limit - 1 - tokenizer.added))
  const head = await longestHead(text, keep, tokenizer)
  // Where both meet, other tokens may come of it than of each alone: one more a try is left out until it fits.
  for (let room = limit - tokenizer.added - keep; room > 0; room -= 1) {
    const cut = head + (await longestTail(text, room, tokenizer))
    const fitted = await tokenizer.countPrompt(cut)
    if (fitted <= limit) return { text: cut, tokens: fitted }
  }
  throw tooLong(tokens, limit)
}

/** The longest beginning of the text that has no more than so many tokens. */
export function longestHead(
  text: string,
  tokens: Tokens,
  tokenizer: Pick<Tokenizer, 'count'>,
): Promise<string> {
  return longest(text.length, tokens, tokenizer, (length) => text.slice(0, atCharacter(text, length)))
}

function longestTail(text: string, tokens: Tokens, tokenizer: Pick<Tokenizer, 'count'>): Promise<string> {
  return longest(text.length, tokens, tokenizer, (length) =>
    text.slice(atCharacter(text, text.length - length)),
  )
}

async function longest(
  most: number,
  tokens: Tokens,
  tokenizer: Pick<Tokenizer, 'count'>,
  part: (length: number) => string,
): Promise<string> {
  let low = 0
  let high = most
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((await tokenizer.count(part(middle))) <= tokens) low = middle
    else high = middle - 1
  }
  return part(low)
}

/** An index that is not in the middle of a character. */
function atCharacter(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code >= 0xdc00 && code <= 0xdfff ? index - 1 : index
}

function tooLong(tokens: Tokens, limit: Tokens, more = ''): BackendError {
  return new BackendError(
    'context-overflow',
    `The prompt has ${tokens} tokens${more}, but the context has room for ${limit}`,
  )
}
