import { inject } from 'vitest'

/** How properties are tried, as vitest.config.ts tells it to the processes and browsers that run the tests. */
export interface PropertySettings {
  /** Where the cases begin; null for anywhere. */
  readonly seed: number | null
  /** BERTH_RUNS: how many cases each property is tried with, whatever is usual for it. */
  readonly runs: number | null
  /** The part of the usual number of cases that is enough, above 0 and up to 1. */
  readonly share: number
}

declare module 'vitest' {
  interface ProvidedContext {
    properties: PropertySettings
  }
}

/**
 * How many cases a property is tried with.
 * @param usual in Node, with nobody hunting
 */
export function runs(usual: number): number {
  const { runs: wanted, share } = inject('properties')
  return wanted ?? Math.ceil(usual * share)
}
