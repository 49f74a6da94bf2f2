import { parseJson } from '../json-value.js'
import { GoTemplateError } from './nodes.js'
import { stringEnd } from './split.js'

/** A word of an action. `joined`: no white space before it, which matters to `$x.Field` and `(f).Field`. */
export type Token = { readonly joined: boolean } & (
  | { readonly type: 'literal'; readonly value: string | number }
  | { readonly type: 'word' | 'variable' | 'field' | 'sign'; readonly text: string }
)

const PATTERN =
  /\s*(?:(?<sign>:=|[()|,=])|(?<variable>\$\w*)|(?<field>\.\w*)|(?<number>[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|0x[\da-f]+))|(?<word>\w+))/iy

export function tokens(action: string): readonly Token[] {
  const all: Token[] = []
  let at = 0
  while (at < action.length) {
    const space = /^\s*/.exec(action.slice(at))?.[0].length ?? 0
    const begin = at + space
    const joined = space === 0 && at > 0
    if (begin >= action.length) break
    const quote = action[begin]
    if (quote === '"' || quote === '`' || quote === "'") {
      at = stringEnd(action, begin)
      all.push({ type: 'literal', joined, value: literal(action.slice(begin, at)) })
      continue
    }
    PATTERN.lastIndex = at
    const groups = PATTERN.exec(action)?.groups
    if (groups === undefined) throw new GoTemplateError(`unexpected ${action.slice(begin, begin + 20)}`)
    at = PATTERN.lastIndex
    const { sign, variable, field, number, word } = groups
    if (number !== undefined) all.push({ type: 'literal', joined, value: Number(number) })
    else if (sign !== undefined) all.push({ type: 'sign', joined, text: sign })
    else if (variable !== undefined) all.push({ type: 'variable', joined, text: variable })
    else if (field !== undefined) all.push({ type: 'field', joined, text: field })
    else all.push({ type: 'word', joined, text: word ?? '' })
  }
  return all
}

/** A string in any of Go's three kinds of quotes; a character is its number. */
function literal(quoted: string): string | number {
  const inner = quoted.slice(1, -1)
  if (quoted.startsWith('`')) return inner
  // What Go has beyond JSON: \a \v, octal and hexadecimal; the last are all that templates use.
  const json = inner.replaceAll(/\\x([\da-f]{2})/gi, '\\u00$1').replaceAll("\\'", "'")
  const text = parseJson(
    `"${quoted.startsWith("'") ? json.replaceAll('"', '\\"') : json.replaceAll('\n', '\\n')}"`,
  )
  if (typeof text !== 'string') throw new GoTemplateError(`no string: ${quoted}`)
  return quoted.startsWith("'") ? (text.codePointAt(0) ?? 0) : text
}
