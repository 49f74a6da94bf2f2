import {
  BackendError,
  SchedulerError,
  type BackendErrorCode,
  type SchedulerErrorCode,
} from '@berth/scheduler'
import { StoreError, type StoreErrorCode } from '../models/index.js'
import { RequestError, type RequestErrorCode } from './request-error.js'

/** What a client is told of an error. Each API family gives it a body of its own shape. */
export interface Failure {
  readonly status: number
  readonly message: string
  readonly code: string
  readonly field: string | null
  /** Milliseconds after which another try makes sense; null where nobody knows. */
  readonly retryAfterMs: number | null
  /** Whether the fault is the server's, so that the log should say more than the answer does. */
  readonly ours: boolean
}

/** Not in any standard; Ollama and nginx answer so, and only logs ever see it. */
const CLIENT_CLOSED_REQUEST = 499

const REQUEST_STATUS: Readonly<Record<RequestErrorCode, number>> = {
  'bad-request': 400,
  unauthenticated: 401,
  forbidden: 403,
  'unknown-route': 404,
  'wrong-method': 405,
  'unknown-model': 404,
  'unknown-request': 404,
  'too-large': 413,
  'not-supported': 501,
}

const SCHEDULER_STATUS: Readonly<Record<SchedulerErrorCode, number>> = {
  'bad-request': 400,
  'unknown-model': 404,
  'queue-full': 503,
  'rate-limited': 429,
  deadline: 503,
  'shutting-down': 503,
  'cannot-fit': 507,
  cancelled: CLIENT_CLOSED_REQUEST,
  'load-failed': 500,
  'runner-lost': 500,
}

const BACKEND_STATUS: Readonly<Record<BackendErrorCode, number>> = {
  'bad-job': 400,
  unsupported: 400,
  'context-overflow': 400,
  aborted: CLIENT_CLOSED_REQUEST,
  'slow-reader': 408,
  'bad-model': 500,
  lost: 500,
  busy: 503,
  denied: 502,
  'unknown-model': 404,
  engine: 500,
  'out-of-memory': 507,
}

const STORE_STATUS: Readonly<Record<StoreErrorCode, number>> = {
  'bad-name': 400,
  'unknown-model': 404,
  'broken-model': 500,
  'no-disk-space': 507,
  'source-failed': 502,
  'bad-digest': 400,
  'bad-source': 400,
  'read-only': 403,
  'not-supported': 501,
}

/** Errors whose cause is an engine's. */
const ENGINE_FAILED: ReadonlySet<SchedulerErrorCode> = new Set(['load-failed', 'runner-lost'])

/** What a load fails with that says something of another server, and not of the model. */
const ENGINES_OWN: ReadonlySet<BackendErrorCode> = new Set(['busy', 'denied', 'unknown-model'])

/** Ollama's words, two spaces included; clients match on them. */
const QUEUE_FULL = 'server busy, please try again.  maximum pending requests exceeded'

/** Likewise. */
const TOO_LONG = 'the input length exceeds the context length'

/** The only place where an error becomes an HTTP status. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) {
    return failure(REQUEST_STATUS[error.code], error.message, error.code, { field: error.field })
  }
  if (error instanceof SchedulerError) {
    const cause = error.cause
    // The file is broken or the engine refused it: that says more than "could not be loaded".
    const detail =
      cause instanceof Error && !error.message.includes(cause.message) ? `: ${cause.message}` : ''
    const message = error.code === 'queue-full' ? `${QUEUE_FULL}: ${error.message}` : error.message + detail
    const engine = ENGINE_FAILED.has(error.code) && cause instanceof BackendError ? cause : undefined
    // Another server that is away, is busy or lets us not in, is not a model that could not be loaded.
    const status = engine && foreignStatus(engine)
    const { retryAfterMs } = error
    return failure(status ?? SCHEDULER_STATUS[error.code], message, error.code, {
      cause: engine,
      retryAfterMs,
    })
  }
  if (error instanceof StoreError) return failure(STORE_STATUS[error.code], error.message, error.code)
  if (error instanceof BackendError) {
    const message = error.code === 'context-overflow' ? `${TOO_LONG}: ${error.message}` : error.message
    return failure(foreignStatus(error) ?? BACKEND_STATUS[error.code], message, error.code, { cause: error })
  }
  return failure(500, 'internal server error', 'internal')
}

/** The status for what another server did, or did not do; undefined where it was none. */
function foreignStatus({ code, elsewhere }: BackendError): number | undefined {
  if (elsewhere !== undefined) return elsewhere === 'late' ? 504 : 502
  return ENGINES_OWN.has(code) ? BACKEND_STATUS[code] : undefined
}

function failure(
  status: number,
  message: string,
  code: string,
  more: {
    readonly field?: string | null
    readonly cause?: BackendError | undefined
    readonly retryAfterMs?: number | undefined
  } = {},
): Failure {
  const retryAfterMs = more.retryAfterMs ?? more.cause?.retryAfterMs ?? null
  return {
    status,
    message,
    code,
    field: more.field ?? null,
    retryAfterMs,
    ours: status >= 500 && status !== 501 && status !== 503,
  }
}
