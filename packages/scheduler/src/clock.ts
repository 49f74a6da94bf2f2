/** Time comes in through the constructor: the platform's clock, a manual one in tests, a virtual one in simulations. */
export interface Clock {
  /** Milliseconds since any fixed moment; never goes back. */
  now(): number
  /** Calls `run` once, no sooner than `at` (the clock's milliseconds). Disposing in time prevents it. */
  at(at: number, run: () => void): Disposable
}
