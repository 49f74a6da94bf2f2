import type { MemoryProfile } from '@berth/budget'
import type { Purpose } from '../backend.js'
import { isMemoryProfile, profileFault } from './check-profile.js'
import { TraceError } from './trace-error.js'
import { TRACE_VERSION, type ModelRates, type ModelShape, type TraceLine, type TraceModel } from './trace.js'

const CLASSES = ['interactive', 'normal', 'batch'] as const
const PURPOSES = ['generate', 'embed'] as const

/**
 * Reads a trace line by line, and holds no more than one. Empty lines are passed over, fields that are not known
 * too: a later version may have them.
 * @throws TraceError that names the line, the field, what is there and what would be right.
 */
export async function* readTrace(
  lines: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<TraceLine, void, void> {
  const reader = new TraceReader()
  for await (const text of lines) {
    const line = reader.read(text)
    if (line !== null) yield line
  }
  reader.end()
}

/** The same for text that is there already: all lines, or the error. */
export function parseTrace(text: string): readonly TraceLine[] {
  const reader = new TraceReader()
  const lines = text.split('\n').flatMap((line) => reader.read(line) ?? [])
  reader.end()
  return lines
}

class TraceReader {
  readonly #models = new Set<string>()
  #number = 0
  #begun = false
  #at = 0
  #ended = false

  read(text: string): TraceLine | null {
    this.#number += 1
    if (text.trim() === '') return null
    const fields = new Fields(this.#number, this.#record(text))
    const type = fields.oneOf('type', ['trace', 'model', 'request', 'end'] as const)
    if (!this.#begun && type !== 'trace') throw fields.error('type', '"trace": the first line is the header')
    if (this.#ended) throw fields.error('type', 'nothing: the line of type "end" is the last')
    switch (type) {
      case 'trace':
        return this.#header(fields)
      case 'model':
        return this.#model(fields)
      case 'request':
        return this.#request(fields)
      case 'end':
        this.#ended = true
        return { type, at: this.#time(fields) }
    }
  }

  end(): void {
    if (!this.#begun) throw new TraceError(this.#number, 'type', undefined, '"trace": the trace is empty')
  }

  #record(text: string): Readonly<Record<string, unknown>> {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw new TraceError(this.#number, null, text.slice(0, 40), 'one JSON object', { cause })
    }
    if (isRecord(value)) return value
    throw new TraceError(this.#number, null, value, 'one JSON object')
  }

  #header(fields: Fields): TraceLine {
    if (this.#begun) throw fields.error('type', 'a model, a request or the end: the header comes once')
    this.#begun = true
    if (fields.get('version') !== TRACE_VERSION) throw fields.error('version', String(TRACE_VERSION))
    return {
      type: 'trace',
      version: TRACE_VERSION,
      ...fields.optional('name', fields.text),
      ...fields.optional('source', fields.text),
    }
  }

  #model(fields: Fields): TraceModel {
    const model = fields.text('model')
    if (this.#models.has(model)) throw fields.error('model', 'a model that was not named before')
    this.#models.add(model)
    if (fields.has('profile') && fields.has('shape')) throw fields.error('shape', 'nothing beside a profile')
    return {
      type: 'model',
      model,
      bytes: fields.count('bytes'),
      ...fields.optional('purposes', purposes),
      ...fields.optional('profile', profile),
      ...fields.optional('shape', shape),
      ...fields.optional('rates', rates),
      ...fields.optional('parameters', fields.positive),
      ...fields.optional('activeParameters', fields.positive),
    }

    function purposes(field: string): readonly Purpose[] {
      const value = fields.get(field)
      if (Array.isArray(value) && value.length > 0 && value.every((each) => isOneOf(PURPOSES, each)))
        return value
      throw fields.error(field, `a list of ${PURPOSES.join(', ')}`)
    }

    function profile(field: string): MemoryProfile {
      const value = fields.get(field)
      if (isMemoryProfile(value)) return value
      const fault = profileFault(value) ?? { field: '', expected: 'a memory profile' }
      throw fault.field === ''
        ? fields.error(field, fault.expected)
        : fields.deep(field, fault.field, fault.expected)
    }

    function shape(field: string): ModelShape {
      const inner = fields.inner(field)
      return {
        layers: inner.positive('layers'),
        kvBytesPerToken: inner.count('kvBytesPerToken'),
        ...inner.optional('trainedContext', inner.positive),
        ...inner.optional('overheadBytes', inner.count),
      }
    }

    function rates(field: string): ModelRates {
      const inner = fields.inner(field)
      return {
        ...inner.optional('loadMs', inner.span),
        ...inner.optional('promptTokenMs', inner.span),
        ...inner.optional('stepMs', inner.span),
        ...inner.optional('sequenceMs', inner.span),
      }
    }
  }

  #request(fields: Fields): TraceLine {
    const model = fields.text('model')
    if (!this.#models.has(model))
      throw fields.error('model', 'a model that a line of type "model" names before')
    return {
      type: 'request',
      at: this.#time(fields),
      model,
      ...fields.optional('client', fields.text),
      ...fields.optional('class', (field) => fields.oneOf(field, CLASSES)),
      ...fields.optional('purpose', (field) => fields.oneOf(field, PURPOSES)),
      promptTokens: fields.count('promptTokens'),
      ...fields.optional('cachedTokens', fields.count),
      outputTokens: fields.count('outputTokens'),
      ...fields.optional('maxTokens', fields.positive),
      ...fields.optional('contextLength', fields.positive),
      ...fields.optional('keepAliveMs', fields.number),
    }
  }

  #time(fields: Fields): number {
    const at = fields.span('at')
    if (at < this.#at) throw fields.error('at', `${this.#at} or more: lines come in the order of their times`)
    this.#at = at
    return at
  }
}

/** The fields of one line, each read as what it must be. */
class Fields {
  readonly #line: number
  readonly #record: Readonly<Record<string, unknown>>
  readonly #path: string

  constructor(line: number, record: Readonly<Record<string, unknown>>, path = '') {
    this.#line = line
    this.#record = record
    this.#path = path
  }

  has(field: string): boolean {
    return this.#record[field] !== undefined
  }

  get(field: string): unknown {
    return this.#record[field]
  }

  error(field: string, expected: string): TraceError {
    return new TraceError(this.#line, this.#path + field, this.#record[field], expected)
  }

  /** An error about a field somewhere inside of one. */
  deep(field: string, path: string, expected: string): TraceError {
    let value = this.#record[field]
    for (const name of path.split('.')) value = isRecord(value) ? value[name] : undefined
    return new TraceError(this.#line, `${this.#path}${field}.${path}`, value, expected)
  }

  inner(field: string): Fields {
    const value = this.#record[field]
    if (!isRecord(value)) throw this.error(field, 'an object')
    return new Fields(this.#line, value, `${this.#path}${field}.`)
  }

  /** The field as an object of its own where it is there, for spreading. */
  optional<N extends string, T>(field: N, read: (field: string) => T): { readonly [K in N]?: T } {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a computed key's type is wider than its value
    return (this.has(field) ? { [field]: read(field) } : {}) as { readonly [K in N]?: T }
  }

  oneOf<const T extends string>(field: string, values: readonly T[]): T {
    const value = this.#record[field]
    if (isOneOf(values, value)) return value
    throw this.error(field, `one of ${values.join(', ')}`)
  }

  readonly text = (field: string): string => {
    const value = this.#record[field]
    if (typeof value === 'string' && value !== '') return value
    throw this.error(field, 'a text that is not empty')
  }

  readonly number = (field: string): number => {
    const value = this.#record[field]
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw this.error(field, 'a number')
  }

  /** Milliseconds, or whatever else is no less than 0. */
  readonly span = (field: string): number => {
    const value = this.#record[field]
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
    throw this.error(field, 'a number from 0')
  }

  readonly count = (field: string): number => {
    const value = this.#record[field]
    if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value)
    throw this.error(field, 'a whole number from 0')
  }

  readonly positive = (field: string): number => {
    const value = this.#record[field]
    if (Number.isSafeInteger(value) && Number(value) >= 1) return Number(value)
    throw this.error(field, 'a whole number from 1')
  }
}

function isOneOf<const T extends string>(values: readonly T[], value: unknown): value is T {
  return values.some((each) => each === value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
