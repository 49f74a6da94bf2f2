/** Why a backend could not do what it was asked. */
export type BackendErrorCode =
  /** The model's file is broken, missing, not readable, or of a kind the engine does not know. */
  | 'bad-model'
  /** The job asks for something that makes no sense (a schema that is none, a template that fails). */
  | 'bad-job'
  /** The job asks for something that this engine cannot do. */
  | 'unsupported'
  | 'context-overflow'
  | 'out-of-memory'
  /** The process, worker or connection is gone. */
  | 'lost'
  | 'aborted'
  | 'slow-reader'
  /** Refuses for the moment (its own queue is full, a rate limit, still starting); nothing was begun. */
  | 'busy'
  /** A key is missing or not allowed. */
  | 'denied'
  /** Not in the catalog any more. */
  | 'unknown-model'
  /** Anything else the engine said. */
  | 'engine'

export interface BackendErrorOptions extends ErrorOptions {
  /** With `busy`: milliseconds after which another try makes sense. */
  readonly retryAfterMs?: number
  /** With `lost`, of a foreign engine: its server cannot be reached or broke off, or was too long in answering. */
  readonly elsewhere?: 'unreachable' | 'late'
}

/** The one error class that backends throw. */
export class BackendError extends Error {
  override readonly name = 'BackendError'
  readonly code: BackendErrorCode
  readonly retryAfterMs: number | undefined
  readonly elsewhere: BackendErrorOptions['elsewhere']

  constructor(code: BackendErrorCode, message: string, options?: BackendErrorOptions) {
    super(message, options)
    this.code = code
    this.retryAfterMs = options?.retryAfterMs
    this.elsewhere = options?.elsewhere
  }
}

/** An error as data: a thrown one loses its class and code at the border of a process or worker. */
export interface BackendErrorData {
  readonly code: BackendErrorCode
  readonly message: string
  readonly retryAfterMs?: number
}

/** For sending an error over a border; what is no `BackendError` becomes `engine`. */
export function errorData(error: unknown): BackendErrorData {
  const { code, message, retryAfterMs } = asBackendError(error)
  return retryAfterMs === undefined ? { code, message } : { code, message, retryAfterMs }
}

/** The error that was sent. */
export function errorFrom({ code, message, retryAfterMs }: BackendErrorData): BackendError {
  return new BackendError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs })
}

/** Any thrown thing as a `BackendError`; what is none becomes `engine`, with itself as the cause. */
export function asBackendError(error: unknown): BackendError {
  if (error instanceof BackendError) return error
  return new BackendError('engine', error instanceof Error ? error.message : String(error), { cause: error })
}

/** Why a request ended without its answer. */
export type SchedulerErrorCode =
  | 'queue-full'
  /** Its client has as many requests, or has used as many, as it may; `retryAfterMs` says when there is room. */
  | 'rate-limited'
  | 'unknown-model'
  /** Would not fit on this machine with nothing else loaded. */
  | 'cannot-fit'
  /** Waited longer than it may. */
  | 'deadline'
  | 'cancelled'
  | 'shutting-down'
  /** The model could not be loaded; `cause` is the backend's error. */
  | 'load-failed'
  /** The runner died or was killed; `cause` says why. */
  | 'runner-lost'
  /** The request names something that is not there to be had, such as a purpose the model does not serve. */
  | 'bad-request'

export interface SchedulerErrorOptions extends ErrorOptions {
  readonly retryAfterMs?: number
}

/** The one error class that the scheduler throws. */
export class SchedulerError extends Error {
  override readonly name = 'SchedulerError'
  readonly code: SchedulerErrorCode
  /** With `queue-full`, `rate-limited` and `deadline`: milliseconds after which there should be room, reckoned from the queue. */
  readonly retryAfterMs: number | undefined

  constructor(code: SchedulerErrorCode, message: string, options?: SchedulerErrorOptions) {
    super(message, options)
    this.code = code
    this.retryAfterMs = options?.retryAfterMs
  }
}
