import type { z } from 'zod'
import { A_NAME } from './fields.js'

/** One field that is not as it should be. */
export interface BadField {
  /** Where it is: `options.temperature`, `messages[0].role`; empty for the body as a whole. */
  readonly field: string
  /** Field, value and what would be right, in one sentence. */
  readonly message: string
}

/** What is wrong with a value, in the order of its fields. */
export function explain(error: z.ZodError, value: unknown): readonly BadField[] {
  return error.issues.map((issue) => {
    const field = fieldName(issue.path)
    const found = at(value, issue.path)
    const right = whatIsRight(issue)
    const name = field === '' ? 'the request body' : field
    const isMissing = found === undefined || (found === '' && right === A_NAME)
    const message = isMissing ? `${name} is required: ${right}` : `${name}: ${right}, got ${shown(found)}`
    return { field, message }
  })
}

function whatIsRight(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('expected ')) return issue.message
  const expected = /expected (.*?)(?:, received .*)?$/.exec(issue.message)?.[1]
  return expected === undefined ? issue.message : `expected ${expected}`
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, key) => {
    if (typeof key === 'number') return `${name}[${key}]`
    return name === '' ? String(key) : `${name}.${String(key)}`
  }, '')
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  )
}

/** A value short enough for a message. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
