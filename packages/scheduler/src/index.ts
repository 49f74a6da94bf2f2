export { deferred } from './deferred.js'
export type { Deferred } from './deferred.js'
export { asBackendError, BackendError, errorData, errorFrom, SchedulerError } from './errors.js'
export type {
  BackendErrorCode,
  BackendErrorData,
  BackendErrorOptions,
  SchedulerErrorCode,
  SchedulerErrorOptions,
} from './errors.js'
export { DEFAULT_SETTINGS, NO_LIMITS } from './settings.js'
export type { ClientLimits, EvictionName, PolicyName, SchedulerSettings } from './settings.js'
export { next, tryNext } from './runner-state.js'
export type { EventsOf, RunnerEvent, RunnerState } from './runner-state.js'
export { Scheduler } from './scheduler.js'
export type { SchedulerOptions } from './scheduler.js'
export { PieceBuffer } from './piece-buffer.js'
export { serves } from './serves.js'
export type { Wanted } from './serves.js'
export { Abort } from './signal.js'
export type { SignalLike } from './signal.js'
export type {
  Backend,
  LoadProgress,
  LoadSpec,
  ModelId,
  ModelInfo,
  Parked,
  Purpose,
  Run,
  RunEnd,
  Runner,
  RunnerAbilities,
  RunnerEnd,
  RunProgress,
} from './backend.js'
export type { Clock } from './clock.js'
export type { RunnerId, SchedulerEvent, SchedulerEventBody } from './events.js'
export type {
  ChatTemplate,
  EmbedJob,
  ForeignWish,
  GenerateJob,
  Job,
  Message,
  OutputFormat,
  Overflow,
  Prompt,
  Sampling,
  Tool,
  ToolCall,
  ToolChoice,
} from './job.js'
export type { FinishReason, Metrics, Piece, TokenLogprob } from './piece.js'
export type {
  Grant,
  LiveRequest,
  LoadWish,
  RequestClass,
  RequestId,
  SchedulerRequest,
  Ticket,
  Waiting,
} from './request.js'
export type { RunnerSnapshot, Snapshot, WaitingSnapshot } from './snapshot.js'
