/** Says whether a field is what it should be. */
export type Check = (value: unknown) => boolean

export const isNumber = (value: unknown): value is number => typeof value === 'number'
export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
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

export function listOf(check: Check): Check {
  return (value) => isArray(value) && value.every(check)
}

/** A check for every field of a type: the compiler asks for those that are missing here. */
type ChecksOf<Shape> = { readonly [Field in keyof Shape]-?: Check }

/** An object with these fields. */
export function shape<Shape>(fields: ChecksOf<Shape>): Check {
  const checks = Object.entries<Check>(fields)
  return (value) => isObject(value) && checks.every(([field, check]) => check(value[field]))
}

/** The cases of a union, told apart by the field `key`: for each value of it, the checks of the other fields. */
export type Cases<Union, Key extends keyof Union> = {
  readonly [Value in Union[Key] & string]: ChecksOf<Omit<Extract<Union, Record<Key, Value>>, Key>>
}

/** One of a union's cases. */
export function variant<Union, Key extends keyof Union & string>(key: Key, cases: Cases<Union, Key>): Check {
  const known = new Map(
    Object.entries<Readonly<Record<string, Check>>>(cases).map(([value, fields]) => [value, shape(fields)]),
  )
  return (value) => {
    const which = isObject(value) ? value[key] : undefined
    return isString(which) && known.get(which)?.(value) === true
  }
}

/** @throws TypeError that names the type or the field which is not what it should be. */
export function checkMessage<Message extends { readonly type: string }>(
  message: unknown,
  checks: Cases<Message, 'type'>,
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
