import type { OllamaTagsResponse } from '@berth/protocol'
import { nearest } from '../config/index.js'
import { CliError } from './cli-error.js'
import { ServerRefused, type Client } from './client.js'

/** The model that somebody may have meant: spelled nearly so, begun so, or one of the same family; undefined where none is close. */
export function suggestModel(wanted: string, names: readonly string[]): string | undefined {
  const lower = wanted.toLowerCase()
  const whole = nearest(lower, names)
  if (whole !== undefined) return whole
  const longer = names.find((name) => name.toLowerCase().startsWith(lower))
  if (longer !== undefined) return longer
  const byBase = new Map(names.toReversed().map((name) => [baseOf(name), name]))
  const base = nearest(baseOf(lower), [...byBase.keys()])
  if (base !== undefined) return byBase.get(base)
  const family = familyOf(lower)
  return family.length < 3 ? undefined : names.find((name) => familyOf(name) === family)
}

/** `user/smollm2:135m` → `smollm2` */
const baseOf = (name: string): string => (name.split('/').at(-1) ?? name).split(':')[0]?.toLowerCase() ?? ''

/** What a name begins with before its versions: `qwen2.5` → `qwen`. */
const familyOf = (name: string): string => /^[a-z]+/.exec(baseOf(name))?.[0] ?? ''

/** Whether the server does not know a model. */
export function isUnknownModel(error: unknown): boolean {
  return (
    error instanceof ServerRefused && error.status === 404 && /not found|no such model/i.test(error.message)
  )
}

/** The model of the server's that may have been meant, and how many it has. */
export async function suggested(
  client: Client,
  name: string,
): Promise<{ readonly guess: string | undefined; readonly of: number }> {
  const { models } = await client.json<OllamaTagsResponse>('GET', '/api/tags')
  const names = models.map((model) => model.name)
  return { guess: suggestModel(name, names), of: names.length }
}

/** Work on a model; where the server does not know it, the error says which one may have been meant. */
export async function withModel<Value>(
  client: Client,
  name: string,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    if (!isUnknownModel(error)) throw error
    const { guess, of: count } = await suggested(client, name)
    const help =
      guess === undefined
        ? count === 0
          ? `there is no model yet: "berth pull ${name}" gets it`
          : `"berth list" shows those there are, "berth pull ${name}" gets it`
        : `did you mean ${guess}?`
    throw new CliError(`no such model '${name}'${guess === undefined ? ': ' : '; '}${help}`, undefined, {
      cause: error,
    })
  }
}
