import type { DeviceBytes, Tokens } from '@berth/budget'
import type { Parked } from '../backend.js'

/** A job that the fake has set aside. It records what becomes of it: exactly one of `started` and `disposed` should. */
export class FakeParked implements Parked {
  readonly bytes: readonly DeviceBytes[]
  readonly tokens: Tokens
  /** Words of the answer that were said. */
  readonly decoded: Tokens
  /** The runner that has its KV. */
  readonly owner: object
  started = 0
  disposed = 0
  forgotten = 0
  #keeps: boolean

  constructor(of: {
    readonly bytes: readonly DeviceBytes[]
    readonly tokens: Tokens
    readonly decoded: Tokens
    readonly owner: object
  }) {
    this.bytes = of.bytes
    this.tokens = of.tokens
    this.decoded = of.decoded
    this.owner = of.owner
    this.#keeps = of.tokens > 0
  }

  /** Starts it; says whether its prompt need not be computed again. */
  start(runner: object): boolean {
    this.started += 1
    return this.#keeps && runner === this.owner
  }

  forget(): Promise<void> {
    this.forgotten += 1
    this.#keeps = false
    return Promise.resolve()
  }

  dispose(): Promise<void> {
    this.disposed += 1
    return Promise.resolve()
  }
}
