import type { Tokens } from '@berth/budget'
import { AnswerReader, forcedCall, markersOf, StopStrings, type AnswerPart } from '@berth/protocol'
import {
  BackendError,
  type FinishReason,
  type GenerateJob,
  type Metrics,
  type RunEnd,
  type TokenLogprob,
} from '@berth/scheduler'
import type { Engine } from './engine.js'
import { engineError } from './engine-error.js'
import { field, listField, numberField, textField } from './json.js'
import { tokenLogprob } from './logprobs.js'
import { promptText } from './prompt.js'
import { requestBody } from './request-body.js'
import type { Tokenizer } from './tokenizer.js'
import type { WllamaRun } from './wllama-run.js'

/** Tokens between two reports of progress while decoding. */
const REPORT_EVERY = 8
/** JSON may be followed by blank lines for ever; these end it. */
const AFTER_JSON = '\n\n\n\n'

/** Stands for bytes that are no text. */
const NO_TEXT = '\uFFFD'

export interface Model {
  readonly engine: Engine
  readonly tokenizer: Tokenizer
  /** Tokens of prompt and answer that a slot has room for. */
  readonly limit: Tokens
}

/**
 * Runs one job from its prompt to its end. The engine knows stop texts too, but loses what it holds back for them
 * when an answer ends at its limit: they are looked for here.
 */
export async function generate(model: Model, job: GenerateJob, run: WllamaRun): Promise<RunEnd> {
  const begun = performance.now()
  const prompt = await promptText(job, model.tokenizer, model.limit)
  const forced = forcedCall(job.prompt)
  const format = job.format ?? forced?.format
  const answer = forced?.answer ?? prompt.answer
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
  const markers = markersOf(answer)
  const body = requestBody(
    job,
    { prompt: prompt.text, promptTokens: prompt.tokens, markers, format },
    model.limit,
    seed,
  )
  const tools = job.prompt.kind === 'messages' ? (job.prompt.tools ?? []) : []
  const names = tools.map(({ name }) => name)
  const ends = format !== undefined && format.kind !== 'gbnf' ? [AFTER_JSON] : []
  const said = new Answer(
    job,
    run,
    new AnswerReader(answer, names),
    new StopStrings([...job.stop, ...prompt.stop, ...ends]),
    model.engine.model.ends,
    prompt.tokens,
    begun,
  )
  if (run.cancelled) return { how: 'cancelled', metrics: said.metrics }
  const request = await model.engine.submit('completion', body)
  let held = true
  try {
    for (;;) {
      if (run.cancelled) return { how: 'cancelled', metrics: said.metrics }
      const { more, error, value, garbled } = await model.engine.poll(request)
      held = more
      if (error) throw engineError(value)
      // What was computed since is not wanted any more.
      if (run.cancelled) return { how: 'cancelled', metrics: said.metrics }
      const reason = (garbled ? said.takeGarbled() : said.take(value)) ?? (more ? null : 'stop')
      if (reason !== null) return said.finish(reason)
    }
  } finally {
    if (held) await model.engine.cancel(request)
  }
}

/** An answer as it comes. */
class Answer {
  readonly #job: GenerateJob
  readonly #run: WllamaRun
  readonly #reader: AnswerReader
  readonly #stops: StopStrings
  readonly #ends: ReadonlySet<number>
  readonly #promptTokens: Tokens
  #since: number
  /** By our own clock, until the engine tells. */
  #promptMs = 0
  #decodeMs = 0
  #cached = 0
  #decoded = 0
  /** Tokens, and their scores, whose text is not out yet. */
  #unsaid = 0
  #logprobs: TokenLogprob[] = []
  #calls = 0

  constructor(
    job: GenerateJob,
    run: WllamaRun,
    reader: AnswerReader,
    stops: StopStrings,
    ends: ReadonlySet<number>,
    promptTokens: Tokens,
    begun: number,
  ) {
    this.#job = job
    this.#run = run
    this.#reader = reader
    this.#stops = stops
    this.#ends = ends
    this.#promptTokens = promptTokens
    this.#since = begun
  }

  get metrics(): Metrics {
    return {
      promptTokens: this.#promptTokens,
      cachedTokens: this.#cached,
      promptMs: this.#promptMs,
      decodedTokens: this.#decoded,
      decodeMs: this.#decodeMs,
    }
  }

  /** Takes one result in; says why the answer ends with it, if it does. */
  take(result: unknown): FinishReason | null {
    this.#count()
    const progress = field(result, 'prompt_progress')
    if (progress !== undefined) {
      this.#cached = numberField(progress, 'cache')
      const tokens = numberField(progress, 'processed')
      this.#run.progress({ phase: 'prompt', tokens, of: numberField(progress, 'total') })
      return null
    }
    const choice = field(result, 'choices', 0)
    if (choice === undefined) return null
    const finished = field(choice, 'finish_reason')
    if (typeof finished === 'string') {
      this.#timings(field(result, 'timings'))
      return finished === 'length' ? 'length' : 'stop'
    }
    return this.#part(textField(choice, 'text'), field(result, '__verbose'), choice)
  }

  /** A token that is no text. With scores asked for, it may have been theirs that could not be said. */
  takeGarbled(): FinishReason | null {
    if (this.#job.logprobs !== undefined) {
      throw new BackendError(
        'engine',
        'The engine cannot tell the log-probabilities of bytes that are no text',
      )
    }
    this.#count()
    return this.#part(NO_TEXT, undefined, undefined)
  }

  finish(reason: FinishReason): RunEnd {
    this.#say([...this.#reader.push(this.#stops.flush()), ...this.#reader.flush()])
    const why = reason === 'stop' && this.#calls > 0 ? 'tool-calls' : reason
    const { metrics } = this
    this.#run.piece({ type: 'finished', reason: why, metrics })
    return { how: 'finished', reason: why, metrics }
  }

  #part(text: string, detail: unknown, choice: unknown): FinishReason | null {
    const token = field(detail, 'tokens', 0)
    if (typeof token === 'number' && this.#ends.has(token)) return null
    // Tokens that end in the middle of a character have come without a result.
    const tokens = Math.max(1, numberField(detail, 'tokens_predicted') - this.#decoded)
    this.#decoded += tokens
    this.#unsaid += tokens
    const { logprobs } = this.#job
    if (logprobs !== undefined) {
      const scores = listField(choice, 'logprobs', 'content')
      this.#logprobs.push(...scores.map((score) => tokenLogprob(score, logprobs.top)))
    }
    const { emit, stopped } = this.#stops.push(text)
    if (emit !== '') this.#say(this.#reader.push(emit))
    if (stopped) return 'stop'
    if (this.#decoded % REPORT_EVERY === 1) this.#run.progress({ phase: 'decode', tokens: this.#decoded })
    return null
  }

  #say(parts: readonly AnswerPart[]): void {
    for (const part of parts) {
      if (part.type === 'tool-call') {
        this.#calls += 1
        this.#run.piece({ type: 'tool-call', call: { id: `call_${crypto.randomUUID()}`, ...part.call } })
      } else {
        const scored = part.type === 'text' && this.#job.logprobs !== undefined
        this.#run.piece({ ...part, tokens: this.#unsaid, ...(scored ? { logprobs: this.#logprobs } : {}) })
      }
      this.#unsaid = 0
      this.#logprobs = []
    }
  }

  #count(): void {
    const now = performance.now()
    if (this.#decoded === 0) this.#promptMs += now - this.#since
    else this.#decodeMs += now - this.#since
    this.#since = now
  }

  #timings(timings: unknown): void {
    this.#cached = numberField(timings, 'cache_n')
    this.#promptMs = numberField(timings, 'prompt_ms')
    this.#decodeMs = numberField(timings, 'predicted_ms')
  }
}
