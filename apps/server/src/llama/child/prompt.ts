import { PLAIN_ANSWER, renderChat, type AnswerFormat, type ChatFormat } from '@berth/protocol'
import { BackendError, type GenerateJob, type Message } from '@berth/scheduler'

/** What turning a job into tokens needs of a model. */
export interface Tokenizer {
  readonly format: ChatFormat
  /** The token that every text of this model begins with; null where it has none. */
  readonly begin: number | null
  /** How many tokens the model knows: their ids are below it. Infinity where its file does not tell. */
  readonly vocabulary: number
  /** The tokens around the texts before and behind a gap; null where the model has none. */
  readonly infill: { readonly prefix: number; readonly suffix: number; readonly middle: number } | null
  /** Special tokens in the text are read as such. */
  tokenize(text: string): number[]
}

export interface PromptTokens {
  readonly tokens: readonly number[]
  /** Stop strings that the prompt's form brings with it. */
  readonly stop: readonly string[]
  /** How the answer is to be read. */
  readonly answer: AnswerFormat
}

/**
 * A job's prompt in tokens, cut to `limit` tokens if the job wants that.
 * @throws BackendError `context-overflow` when it is too long and may not, or cannot, be cut; `bad-job` for
 *   tokens to go on from that the model does not have.
 */
export function promptTokens(job: GenerateJob, tokenizer: Tokenizer, limit: number): PromptTokens {
  const { prompt } = job
  checkIds(prompt.after ?? [], tokenizer.vocabulary)
  if (prompt.kind === 'messages') {
    if (prompt.messages.length === 0)
      throw new BackendError('bad-job', 'Expected at least one message, got none')
    if (prompt.after !== undefined) {
      const { text, stop, answer } = renderChat(prompt, prompt.messages, tokenizer.format)
      // The conversation has begun already.
      const next = tokenizer.tokenize(text).filter((token, at) => at > 0 || token !== tokenizer.begin)
      return { tokens: fitRaw([...prompt.after, ...next], tokenizer, job, limit), stop, answer }
    }
    const render = (messages: readonly Message[]): PromptTokens => {
      const { text, stop, answer } = renderChat(prompt, messages, tokenizer.format)
      return { tokens: begun(tokenizer.tokenize(text), tokenizer), stop, answer }
    }
    return fitChat(prompt.messages, render, job, limit)
  }
  if (prompt.suffix !== undefined) {
    const tokens = infill(prompt.text, prompt.suffix, tokenizer)
    return { tokens: fitRaw(begun(tokens, tokenizer), tokenizer, job, limit), stop: [], answer: PLAIN_ANSWER }
  }
  const text = tokenizer.tokenize(prompt.text)
  const tokens = prompt.after === undefined ? begun(text, tokenizer) : [...prompt.after, ...text]
  if (tokens.length === 0) throw new BackendError('bad-job', 'Expected a prompt, got an empty text')
  return { tokens: fitRaw(tokens, tokenizer, job, limit), stop: [], answer: PLAIN_ANSWER }
}

function infill(before: string, behind: string, tokenizer: Tokenizer): number[] {
  const { infill: marks } = tokenizer
  if (marks === null) {
    throw new BackendError('unsupported', 'This model has no tokens for text that leads to a suffix')
  }
  return [
    marks.prefix,
    ...tokenizer.tokenize(before),
    marks.suffix,
    ...tokenizer.tokenize(behind),
    marks.middle,
  ]
}

/** They come from a client. The engine would fail the whole batch over a wrong one, or cut its number to 32 bits. */
function checkIds(after: readonly number[], vocabulary: number): void {
  const at = after.findIndex((id) => !Number.isSafeInteger(id) || id < 0 || id >= vocabulary)
  if (at < 0) return
  throw new BackendError(
    'bad-job',
    `Expected \`context[${at}]\` to be a token id of this model, a whole number from 0 to ${vocabulary - 1}, got ${after[at]}`,
  )
}

/** A template may have written the beginning itself: it is never there twice. */
function begun(tokens: number[], { begin }: Tokenizer): number[] {
  return begin === null || tokens[0] === begin ? tokens : [begin, ...tokens]
}

/** Leaves out the oldest turns, as few as will do; the system prompt and the last turn stay. */
function fitChat(
  messages: readonly Message[],
  render: (messages: readonly Message[]) => PromptTokens,
  job: GenerateJob,
  limit: number,
): PromptTokens {
  const whole = render(messages)
  if (whole.tokens.length <= limit) return whole
  if (job.overflow.prompt === 'fail') throw tooLong(whole.tokens.length, limit)
  // A cut comes before a question, so that no answer is left without one.
  const cuts = messages.flatMap(({ role }, index) => (role === 'user' && index > 0 ? [index] : []))
  const cutAt = (index: number): Message[] =>
    messages.filter((message, at) => at >= index || message.role === 'system')
  // The later the cut, the shorter the prompt: the first that fits is found by halving.
  let low = 0
  let high = cuts.length
  let best: PromptTokens | null = null
  while (low < high) {
    const middle = (low + high) >> 1
    const rendered = render(cutAt(cuts[middle]!))
    if (rendered.tokens.length <= limit) {
      best = rendered
      high = middle
    } else {
      low = middle + 1
    }
  }
  if (best !== null) return best
  const last = cuts.at(-1)
  return shortened(last === undefined ? messages : cutAt(last), render, limit)
}

/** Share of a text that goes at least when it is still too long, so that few tries are enough. */
const LEAST_CUT = 1 / 32

/** A last turn that is too long by itself loses the beginning of its question: what is asked tends to stand at the end. */
function shortened(
  turn: readonly Message[],
  render: (messages: readonly Message[]) => PromptTokens,
  limit: number,
): PromptTokens {
  const question = turn.findLastIndex(({ role }) => role === 'user')
  let text = turn[question]?.content ?? ''
  let rendered = render(turn)
  while (rendered.tokens.length > limit) {
    if (text === '') {
      throw tooLong(rendered.tokens.length, limit, ' even with all earlier turns and the question left out')
    }
    const { length } = rendered.tokens
    const cut = Math.ceil(text.length * Math.max(1 - limit / length, LEAST_CUT))
    // Never between the two halves of a character.
    text = text.slice(cut).replace(/^[\uDC00-\uDFFF]/, '')
    rendered = render(turn.map((message, at) => (at === question ? { ...message, content: text } : message)))
  }
  return rendered
}

/** Text has no turns: what is left out comes after the first `keep` tokens. */
function fitRaw(
  tokens: readonly number[],
  { begin }: Tokenizer,
  job: GenerateJob,
  limit: number,
): readonly number[] {
  if (tokens.length <= limit) return tokens
  if (job.overflow.prompt === 'fail') throw tooLong(tokens.length, limit)
  const begins = begin !== null && tokens[0] === begin ? 1 : 0
  const keep = Math.max(0, Math.min(Math.max(job.overflow.keep ?? 0, begins), limit - 1))
  return [...tokens.slice(0, keep), ...tokens.slice(tokens.length - (limit - keep))]
}

function tooLong(tokens: number, limit: number, more = ''): BackendError {
  return new BackendError(
    'context-overflow',
    `The prompt has ${tokens} tokens${more}, but the context has room for ${limit}`,
  )
}
