/** A message that is not what it should be: names the field, its value, and what would be right. */
export class BadMessage extends Error {
  override readonly name = 'BadMessage'
}

/** Checks of single values by their field's name; each throws a `BadMessage`. */
export function record(value: unknown, field: string): Record<string, unknown> {
  if (isRecord(value)) return value
  throw wrong(field, value, 'an object')
}

export function text(value: unknown, field: string): string {
  if (typeof value === 'string') return value
  throw wrong(field, value, 'text')
}

export function name(value: unknown, field: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= 1000) return value
  throw wrong(field, value, 'text of 1 to 1000 characters')
}

export function oneOf<T extends string>(value: unknown, field: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value)
  if (found !== undefined) return found
  throw wrong(field, value, `one of ${allowed.map((item) => `"${item}"`).join(', ')}`)
}

export function finite(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw wrong(field, value, 'a number')
}

export function count(value: unknown, field: string, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw wrong(field, value, `a whole number from ${least}`)
}

export function flag(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') return value
  throw wrong(field, value, 'true or false')
}

export function list<T>(value: unknown, field: string, item: (value: unknown, field: string) => T): T[] {
  if (!Array.isArray(value)) throw wrong(field, value, 'a list')
  return value.map((entry: unknown, index) => item(entry, `${field}[${index}]`))
}

/** Checks a field only where it is there. */
export function optional<T>(
  value: unknown,
  field: string,
  check: (value: unknown, field: string) => T,
): T | undefined {
  return value === undefined ? undefined : check(value, field)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function wrong(field: string, value: unknown, right: string): BadMessage {
  return new BadMessage(`Expected \`${field}\` to be ${right}, got ${shown(value)}`)
}

const LONGEST_SHOWN = 80

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol')
    return typeof value
  let json: string
  try {
    json = JSON.stringify(value)
  } catch {
    json = typeof value
  }
  return json.length > LONGEST_SHOWN ? `${json.slice(0, LONGEST_SHOWN)}…` : json
}
