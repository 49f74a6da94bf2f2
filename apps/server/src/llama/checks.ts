/** Says whether a field is what it should be. */
export type Check = (value: unknown) => boolean

/** For every type of message, its fields. */
export type Checks<Type extends string> = Readonly<Record<Type, Readonly<Record<string, Check>>>>

export const isNumber = (value: unknown): value is number => typeof value === 'number'
export const isString = (value: unknown): value is string => typeof value === 'string'
export const isArray = (value: unknown): value is readonly unknown[] => Array.isArray(value)
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function isOptional(check: Check): Check {
  return (value) => value === undefined || check(value)
}

export function oneOf(...allowed: readonly unknown[]): Check {
  return (value) => allowed.includes(value)
}

/** @throws TypeError that names the type or the field which is not what it should be. */
export function checkMessage<Message extends { readonly type: string }>(
  message: unknown,
  checks: Checks<Message['type']>,
): asserts message is Message {
  if (!isObject(message) || !isString(message['type']))
    throw new TypeError('Expected a message with a `type`')
  const { type } = message
  const known: Readonly<Record<string, Readonly<Record<string, Check>>>> = checks
  if (!Object.hasOwn(known, type)) throw new TypeError(`Expected a known type of message, got "${type}"`)
  for (const [field, check] of Object.entries(known[type] ?? {})) {
    if (!check(message[field]))
      throw new TypeError(`Message "${type}" has a \`${field}\` that makes no sense`)
  }
}
