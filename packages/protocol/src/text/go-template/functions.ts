import { GoTemplateError } from './nodes.js'
import { fieldOf, goJson, isTrue, printed } from './values.js'

export type GoFunction = (...values: readonly unknown[]) => unknown

/** Go counts bytes. */
function utf8Length(text: string): number {
  let bytes = 0
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}

const size = (value: unknown): number => {
  if (typeof value === 'string') return utf8Length(value)
  if (Array.isArray(value)) return value.length
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

const compared =
  (holds: (order: number) => boolean): GoFunction =>
  (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return holds(a - b)
    if (typeof a === 'string' && typeof b === 'string') return holds(a < b ? -1 : a > b ? 1 : 0)
    throw new GoTemplateError(`cannot compare ${printed(a)} and ${printed(b)}`)
  }

/** Of an engine without a clock of its own, the caller says what day it is. */
export interface Today {
  /** Milliseconds since 1970. */
  readonly now: number
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const A_DAY = 86_400_000

/** The functions that Go's templates have of themselves, but for `and` and `or`, and those that Ollama adds. */
export function goFunctions({ now }: Today): Readonly<Record<string, GoFunction>> {
  return {
    not: (value) => !isTrue(value),
    eq: (first, ...others) => others.some((other) => (first ?? '') === (other ?? '')),
    ne: (a, b) => (a ?? '') !== (b ?? ''),
    lt: compared((order) => order < 0),
    le: compared((order) => order <= 0),
    gt: compared((order) => order > 0),
    ge: compared((order) => order >= 0),
    len: size,
    index: (value, ...keys) => keys.reduce(entry, value),
    slice: (value, from = 0, to) => slice(value, Number(from), to === undefined ? undefined : Number(to)),
    print: (...values) => values.map(printed).join(''),
    println: (...values) => `${values.map(printed).join(' ')}\n`,
    printf: (format, ...values) => formatted(printed(format), values),
    html: (value) => printed(value),
    urlquery: (value) => encodeURIComponent(printed(value)),
    json: goJson,
    currentDate: () => day(now),
    yesterdayDate: () => day(now - A_DAY),
    toTypeScriptType: typeScriptType,
  }
}

function entry(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    const item: unknown = value[Number(key)]
    if (item === undefined) throw new GoTemplateError(`index ${printed(key)} of a list of ${value.length}`)
    return item
  }
  return fieldOf(value, printed(key))
}

function slice(value: unknown, from: number, to: number | undefined): unknown {
  if (typeof value === 'string' || Array.isArray(value)) return value.slice(from, to)
  throw new GoTemplateError(`cannot slice ${printed(value)}`)
}

/** The verbs that templates use: %s %v %d %q %f %% and their widths. */
function formatted(format: string, values: readonly unknown[]): string {
  let at = 0
  return format.replaceAll(
    /%([-+ 0]*)(\d+)?(?:\.(\d+))?([a-z%])/gi,
    (_, flags: string, width, precision, verb) => {
      if (verb === '%') return '%'
      const value = values[at]
      at += 1
      const text =
        verb === 'q'
          ? JSON.stringify(printed(value))
          : verb === 'f'
            ? Number(value).toFixed(Number(precision ?? 6))
            : printed(value)
      const length = Number(width ?? 0)
      return flags.includes('-')
        ? text.padEnd(length)
        : text.padStart(length, flags.includes('0') ? '0' : ' ')
    },
  )
}

/** A JSON Schema's type as TypeScript spells it, for models that were taught tools so. */
function typeScriptType(schema: unknown): string {
  const choices = fieldOf(schema, 'anyOf')
  if (Array.isArray(choices)) return choices.map(typeScriptType).join(' | ')
  const type = fieldOf(schema, 'type')
  const types = (Array.isArray(type) ? type : [type]).map((one) => {
    if (one === 'string') {
      const values = fieldOf(schema, 'enum')
      return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(' | ') : 'string'
    }
    if (one === 'integer' || one === 'number') return 'number'
    if (one === 'array') return `${typeScriptType(fieldOf(schema, 'items'))}[]`
    if (one === 'object') return 'Record<string, any>'
    return one === 'boolean' || one === 'null' ? one : 'any'
  })
  return types.join(' | ')
}
