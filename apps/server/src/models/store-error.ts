/** Why the store could not do what it was asked. */
export type StoreErrorCode =
  /** The text is no model name. */
  | 'bad-name'
  /** No model of that name. */
  | 'unknown-model'
  /** The model is there and cannot be used: its manifest or one of its files is damaged or missing. */
  | 'broken-model'
  | 'no-disk-space'
  /** A digest that is none, or not that of the bytes that came. */
  | 'bad-digest'
  /** What a model is to be made of cannot be used, or is not there. */
  | 'bad-source'
  /** Known, and not done here. */
  | 'not-supported'
  /** The model is not Berth's to change. */
  | 'read-only'
  /** A source of models could not be reached, or gave something else than asked for. */
  | 'source-failed'

/** The one error class of the models' store. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
