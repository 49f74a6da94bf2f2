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
  /** Anything else the engine said. */
  | 'engine'

/** The one error class that backends throw. */
export class BackendError extends Error {
  override readonly name = 'BackendError'
  readonly code: BackendErrorCode

  constructor(code: BackendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Why a request ended without its answer. */
export type SchedulerErrorCode =
  | 'queue-full'
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

/** The one error class that the scheduler throws. */
export class SchedulerError extends Error {
  override readonly name = 'SchedulerError'
  readonly code: SchedulerErrorCode

  constructor(code: SchedulerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
