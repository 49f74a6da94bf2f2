/** What is wrong with a request, found before the scheduler sees it. */
export type RequestErrorCode =
  | 'bad-request'
  /** No API key, or none that is known. */
  | 'unauthenticated'
  /** The key may not do this, or the caller's host or origin is not let in. */
  | 'forbidden'
  | 'unknown-route'
  | 'wrong-method'
  | 'unknown-model'
  | 'unknown-request'
  | 'too-large'
  /** Known, and not done here. */
  | 'not-supported'

/** The one error class of the HTTP side. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: RequestErrorCode
  /** The field of the body that is meant, where there is one. */
  readonly field: string | null

  constructor(code: RequestErrorCode, message: string, field: string | null = null, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.field = field
  }
}

/** Ollama's words; clients match on them. */
export function unknownModel(name: string): RequestError {
  return new RequestError('unknown-model', `model '${name}' not found`, 'model')
}
