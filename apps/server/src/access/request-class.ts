import type { RequestClass } from '@berth/scheduler'
import { RequestError } from '../generate/index.js'
import type { KeyHolder } from './api-keys.js'

/** What a request says of its urgency, from the strongest word to the weakest. */
export interface AskedUrgency {
  /** `X-Berth-Priority`: what is between a client and this server may set it, and knows better. */
  readonly header?: string | undefined
  /** Ours, in every family's body. */
  readonly priority?: RequestClass | undefined
  /** OpenAI's and Anthropic's. */
  readonly tier?: ServiceTier | undefined
}

export type ServiceTier = 'auto' | 'default' | 'flex' | 'scale' | 'priority' | 'standard_only'

const CLASSES: readonly RequestClass[] = ['interactive', 'normal', 'batch']

/** Whether the first is served before the second. */
export function isMoreUrgent(a: RequestClass, b: RequestClass): boolean {
  return CLASSES.indexOf(a) < CLASSES.indexOf(b)
}

/**
 * The class that a request gets: what it asks for, else what its key says, else normal; and never a more urgent
 * one than its key may have.
 * @throws RequestError for a header that names none
 */
export function classOf(asked: AskedUrgency, holder: KeyHolder | undefined): RequestClass {
  const usual = holder?.class ?? 'normal'
  const wanted = headerClass(asked.header) ?? asked.priority ?? tierClass(asked.tier, usual) ?? usual
  return atMost(wanted, holder?.maxClass ?? 'interactive')
}

/** The lesser of two. */
function atMost(wanted: RequestClass, most: RequestClass): RequestClass {
  return isMoreUrgent(wanted, most) ? most : wanted
}

function headerClass(value: string | undefined): RequestClass | undefined {
  if (value === undefined) return undefined
  const found = CLASSES.find((name) => name === value.trim().toLowerCase())
  if (found !== undefined) return found
  throw new RequestError(
    'bad-request',
    `X-Berth-Priority: expected "interactive", "normal" or "batch", got ${JSON.stringify(value)}`,
    'X-Berth-Priority',
  )
}

/** Undefined where the tier leaves it to the key. */
function tierClass(tier: ServiceTier | undefined, usual: RequestClass): RequestClass | undefined {
  switch (tier) {
    case 'priority':
      return 'interactive'
    case 'flex':
      return 'batch'
    // No better than what is standard.
    case 'standard_only':
      return atMost(usual, 'normal')
    // What a provider has reserved for somebody is here what the key says.
    case 'scale':
    case 'auto':
    case 'default':
    case undefined:
      return undefined
  }
}
