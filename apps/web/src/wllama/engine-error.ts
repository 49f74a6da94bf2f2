import { BackendError } from '@berth/scheduler'
import { textField } from './json.js'

/** An error that llama.cpp's server core gives as a result, in the contract's terms. */
export function engineError(value: unknown): BackendError {
  const message = textField(value, 'message') || 'the engine gives no reason'
  switch (textField(value, 'type')) {
    case 'exceed_context_size_error':
      return new BackendError('context-overflow', message)
    case 'invalid_request_error':
      return new BackendError('bad-job', message)
    case 'not_supported_error':
      return new BackendError('unsupported', message)
    default:
      return new BackendError('engine', message)
  }
}
