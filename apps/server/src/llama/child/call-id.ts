import { randomBytes } from 'node:crypto'

/** A name for a tool call, which models do not give. */
export function newCallId(): string {
  return `call_${randomBytes(6).toString('hex')}`
}
