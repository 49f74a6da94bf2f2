import { expect } from 'vitest'

/** Waits until what is read is as expected; the bound is for machines that stand still, and nothing waits for it to pass. */
export function eventually<Value>(read: () => Value): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(read, { timeout: 60_000, interval: 10 })
}
