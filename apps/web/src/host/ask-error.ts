import { BackendError, errorData, SchedulerError } from '@berth/scheduler'
import type { AskError } from './contract.js'

/** Why a request ended, as data for its tab. */
export function askError(error: unknown): AskError {
  if (error instanceof SchedulerError) return { from: 'scheduler', code: error.code, message: error.message }
  if (error instanceof HostError) return { from: 'host', code: 'bad-ask', message: error.message }
  return {
    from: 'backend',
    ...errorData(error instanceof BackendError ? error : new BackendError('engine', textOf(error))),
  }
}

/** A request that the host itself has to refuse, in words for people. */
export class HostError extends Error {
  override readonly name = 'HostError'
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
