import { BackendError, type BackendErrorCode } from '@berth/scheduler'
import * as z from 'zod/mini'

/** The bodies of errors in both API families; OpenAI's is an object, Ollama's a text. */
const ErrorBody = z.object({
  error: z.union([z.string(), z.object({ message: z.string() })]),
})

/** What a server means by an answer that is none. */
export interface Refusal {
  readonly status: number
  /** Of the header `Retry-After`. */
  readonly retryAfter: string | null
  readonly body: string
  /** Whether a model was named in the request, so that 404 is about it. */
  readonly ofModel: boolean
}

const BY_STATUS: Readonly<Record<number, BackendErrorCode>> = {
  401: 'denied',
  403: 'denied',
  408: 'lost',
  429: 'busy',
  499: 'lost',
  502: 'lost',
  503: 'busy',
  504: 'lost',
  507: 'out-of-memory',
}

const LATE: ReadonlySet<number> = new Set([408, 504])

/** A refusal as an error. @param server is named in its message. @param now milliseconds since 1970 */
export function refusalError(server: string, refusal: Refusal, now: number): BackendError {
  const { status, ofModel } = refusal
  const said = saidOf(refusal.body)
  const message = `${server} answered ${status}${said === '' ? '' : `: ${said}`}`
  const code = codeOf(status, said, ofModel)
  const retryAfterMs = code === 'busy' ? retryAfter(refusal.retryAfter, now) : undefined
  return new BackendError(code, message, {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(code === 'lost' ? { elsewhere: LATE.has(status) ? 'late' : 'unreachable' } : {}),
  })
}

/** An error that a server says in the middle of an answer. */
export function saidError(server: string, said: unknown): BackendError {
  const text = wordsOf(said) ?? JSON.stringify(said)
  return new BackendError(byWords(text) ?? 'engine', `${server}: ${text}`)
}

/** What went wrong below HTTP. `what` says what was being done. */
export function networkError(server: string, what: string, error: unknown): BackendError {
  if (error instanceof BackendError) return error
  const message = `${server} ${what}: ${reasonOf(error)}`
  return new BackendError('lost', message, { cause: error, elsewhere: 'unreachable' })
}

/** An answer that ended before it was over. */
export function brokenOff(server: string): BackendError {
  const message = `${server} broke off in the middle of an answer`
  return new BackendError('lost', message, { elsewhere: 'unreachable' })
}

/** No answer, or no more of it, within a bound. */
export function lateError(message: string, options: ErrorOptions = {}): BackendError {
  return new BackendError('lost', message, { ...options, elsewhere: 'late' })
}

function codeOf(status: number, said: string, ofModel: boolean): BackendErrorCode {
  const known = BY_STATUS[status]
  if (known !== undefined) return known
  if (status === 404) return ofModel ? 'unknown-model' : 'engine'
  if (status >= 400 && status < 500) return byWords(said) ?? 'bad-job'
  return byWords(said) ?? 'engine'
}

/** Neither family has codes for these; they say them in words. */
function byWords(text: string): BackendErrorCode | undefined {
  if (/context (length|window|size)|exceeds? .*context|input (length|is) too (long|large)/i.test(text)) {
    return 'context-overflow'
  }
  return /does not support|not supported/i.test(text) ? 'unsupported' : undefined
}

function saidOf(body: string): string {
  try {
    return wordsOf(JSON.parse(body)) ?? shortened(body)
  } catch {
    return shortened(body)
  }
}

/** The words of an error, be it a text, an object with a message, or a body that has one of them. */
function wordsOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  const body = ErrorBody.safeParse(value)
  if (body.success) return wordsOf(body.data.error)
  const message = z.object({ message: z.string() }).safeParse(value)
  return message.success ? message.data.message : undefined
}

/** Something unknown, short enough for a message. */
export function shortened(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ')
  return line.length > 200 ? `${line.slice(0, 197)}...` : line
}

/** Milliseconds of `Retry-After`: seconds, or a date. */
function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Math.ceil(Number(header) * 1_000)
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** Node hides the reason of a failed fetch in the error's cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  return cause.message === '' ? code || error.message : cause.message
}
