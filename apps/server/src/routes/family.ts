import type { Failure } from '../generate/index.js'

/** One API that clients know. A new one is a file of routes and a line in `families.ts`. */
export interface ApiFamily {
  /** Whether a path is one of this API's. */
  owns(path: string): boolean
  /** The body of an error's answer. */
  errorBody(failure: Failure): object
}
