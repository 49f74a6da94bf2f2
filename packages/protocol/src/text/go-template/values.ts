/** A value of Go's that is more than its fields: it has a JSON of its own, and prints as that. */
export class GoStruct {
  readonly fields: Readonly<Record<string, unknown>>
  readonly json: unknown

  constructor(fields: Readonly<Record<string, unknown>>, json: unknown) {
    this.fields = fields
    this.json = json
  }
}

/** What `if` and `and` take for true: not zero, not nothing, not empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof GoStruct) return true
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

/** A field of a struct or an entry of a map; undefined where there is none. */
export function fieldOf(value: unknown, name: string): unknown {
  const from: unknown = value instanceof GoStruct ? value.fields : value
  if (typeof from !== 'object' || from === null || Array.isArray(from) || !Object.hasOwn(from, name))
    return undefined
  return Reflect.get(from, name)
}

/** The entries in the order in which `range` goes over them: a map's by their keys. */
export function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item] as const)
  if (typeof value === 'number') return Array.from({ length: value }, (_, index) => [index, index] as const)
  const map = plain(value)
  if (typeof map !== 'object' || map === null) return []
  return Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** A value as Go's JSON has it: `<`, `>` and `&` are escaped. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(plain(value)) ?? 'null'
  return text.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026')
}

function plain(value: unknown): unknown {
  if (value instanceof GoStruct) return value.json
  return Array.isArray(value) ? value.map(plain) : value
}

/** A value as `print` has it. What is not there is nothing, where Go would say so in words that no model should read. */
export function printed(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (value instanceof GoStruct) return goJson(value)
  if (Array.isArray(value)) {
    return value.some((item) => item instanceof GoStruct)
      ? goJson(value)
      : `[${value.map(printed).join(' ')}]`
  }
  if (typeof value === 'object') {
    return `map[${entriesOf(value)
      .map(([key, item]) => `${printed(key)}:${printed(item)}`)
      .join(' ')}]`
  }
  return typeof value === 'string' ? value : JSON.stringify(value)
}
