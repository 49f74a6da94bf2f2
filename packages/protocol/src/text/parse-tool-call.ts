import { parseJson } from './json-value.js'

/** A call as a model wrote it, before it has an id. */
export interface WrittenCall {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/**
 * The calls in what a model wrote between its markers: one JSON object, a list of them, several in a row, or
 * Qwen's `<function=name><parameter=key>value…`. Null for what is none.
 */
export function parseCalls(body: string): readonly WrittenCall[] | null {
  const text = body.trim()
  if (text.startsWith('<function=')) return parseTags(text)
  const whole = callsOf(parseJson(text))
  if (whole !== null) return whole
  const lines = text.split(/[;\n]+/).filter((line) => line.trim() !== '')
  if (lines.length < 2) return null
  const each = lines.map((line) => callsOf(parseJson(line)))
  return each.every((calls) => calls !== null) ? each.flat() : null
}

/** A value as calls, if it is one or a list of them. Models spell the fields in several ways. */
export function callsOf(value: unknown): readonly WrittenCall[] | null {
  if (Array.isArray(value)) {
    const calls = value.map((one) => callsOf(one))
    return calls.length > 0 && calls.every((one) => one !== null) ? calls.flat() : null
  }
  if (!isRecord(value)) return null
  const inner = isRecord(value['function']) ? value['function'] : value
  const name = inner['name'] ?? inner['tool_name']
  if (typeof name !== 'string' || name === '') return null
  const given = inner['arguments'] ?? inner['parameters']
  const args = typeof given === 'string' ? parseJson(given) : (given ?? {})
  return isRecord(args) ? [{ name, arguments: args }] : null
}

function parseTags(text: string): readonly WrittenCall[] | null {
  const calls: WrittenCall[] = []
  for (const [, name = '', body = ''] of text.matchAll(/<function=([^>\s]+)>([\s\S]*?)<\/function>/g)) {
    const values: Record<string, unknown> = {}
    for (const [, key = '', value = ''] of body.matchAll(
      /<parameter=([^>\s]+)>\n?([\s\S]*?)\n?<\/parameter>/g,
    )) {
      const parsed = parseJson(value)
      // A text needs no quotes here, and one that happens to be a number stays what the model meant by it.
      values[key] = parsed === undefined ? value : parsed
    }
    calls.push({ name, arguments: values })
  }
  return calls.length === 0 ? null : calls
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
