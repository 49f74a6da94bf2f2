import type { OpenAiChatRequest, OpenAiServiceTier } from '@berth/protocol'
import type { OutputFormat, RequestClass } from '@berth/scheduler'
import { RequestError, type Caller, type ThinkLevel } from '../generate/index.js'

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

/** What OpenAI's answers say of how urgently they were served, where the request named a tier. */
export function tierOf(
  asked: string | undefined,
  { class: requestClass }: Pick<Caller, 'class'>,
): { readonly service_tier?: OpenAiServiceTier } {
  if (asked === undefined) return {}
  return { service_tier: TIERS[requestClass] }
}

const TIERS: Readonly<Record<RequestClass, OpenAiServiceTier>> = {
  interactive: 'priority',
  normal: 'default',
  batch: 'flex',
}

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
