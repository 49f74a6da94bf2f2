import type { OpenAiChatRequest } from '@berth/protocol'
import type { OutputFormat } from '@berth/scheduler'
import { RequestError, type ThinkLevel } from '../generate/index.js'

/** What OpenAI's chat completions and responses spell alike. */

type Format =
  | { readonly type: 'text' | 'json_object' }
  | { readonly type: 'json_schema'; readonly schema: Readonly<Record<string, unknown>> }

export function formatOf(format: Format | undefined): OutputFormat | undefined {
  if (format?.type === 'json_object') return { kind: 'json' }
  if (format?.type === 'json_schema') return { kind: 'json-schema', schema: format.schema }
  return undefined
}

export const thinkOf = (effort: OpenAiChatRequest['reasoning_effort']): ThinkLevel | undefined =>
  effort === 'none' ? false : effort === 'minimal' ? 'low' : effort

/** OpenAI's APIs carry a call's arguments as a text. @throws RequestError for what is no JSON object. */
export function argumentsOf(text: string | undefined, field: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text || '{}')
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return Object.fromEntries(Object.entries(value))
  } catch {
    // Said below, in the same words as for JSON that is no object.
  }
  throw new RequestError(
    'bad-request',
    `${field}: expected a JSON object as a string, got ${JSON.stringify(text)}`,
    field,
  )
}
