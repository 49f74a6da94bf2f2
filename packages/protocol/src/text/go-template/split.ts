import { GoTemplateError } from './nodes.js'

/** Text, or what stands between `{{` and `}}`. */
export interface Segment {
  readonly type: 'text' | 'action'
  readonly text: string
}

/** Cuts a template at its actions, with the white space taken away that `{{-` and `-}}` are for; comments are left out. */
export function split(source: string): readonly Segment[] {
  const segments: Segment[] = []
  let at = 0
  let trimsNext = false
  while (at <= source.length) {
    const open = source.indexOf('{{', at)
    const trimsBefore = open >= 0 && /^\{\{-\s/.test(source.slice(open, open + 4))
    let text = source.slice(at, open < 0 ? undefined : open)
    if (trimsNext) text = text.trimStart()
    if (trimsBefore) text = text.trimEnd()
    if (text !== '') segments.push({ type: 'text', text })
    if (open < 0) return segments
    const begin = open + (trimsBefore ? 3 : 2)
    const close = closing(source, begin)
    const trimsAfter = /\s-$/.test(source.slice(begin, close))
    const body = source.slice(begin, trimsAfter ? close - 1 : close).trim()
    if (!(body.startsWith('/*') && body.endsWith('*/'))) segments.push({ type: 'action', text: body })
    trimsNext = trimsAfter
    at = close + 2
  }
  return segments
}

/** Where the `}}` is that ends an action: not one in a string or a comment. */
function closing(source: string, begin: number): number {
  const comment = /^\s*\/\*[\s\S]*?\*\/\s*-?/.exec(source.slice(begin))
  let at = begin + (comment?.[0].length ?? 0)
  while (at < source.length) {
    const char = source[at]
    if (char === '"' || char === '`' || char === "'") at = stringEnd(source, at)
    else if (source.startsWith('}}', at)) return at
    else at += 1
  }
  throw new GoTemplateError(`an action is not closed: ${source.slice(begin - 2, begin + 38)}`)
}

/** Just behind the string that begins here. */
export function stringEnd(source: string, begin: number): number {
  const quote = source[begin]
  for (let at = begin + 1; at < source.length; at += 1) {
    if (source[at] === '\\' && quote !== '`') at += 1
    else if (source[at] === quote) return at + 1
  }
  throw new GoTemplateError(`a string is not closed: ${source.slice(begin, begin + 40)}`)
}
