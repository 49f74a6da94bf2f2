import type { TokenizerAndRendererExtension, Tokens } from 'marked'
import { escapeHtml } from './escape-html.js'

/*
 * Formulas as models write them, in TeX. They are shown as they are written, apart from the text: Markdown would take
 * their backslashes, stars and underlines for its own and leave something that nobody can read.
 */

/** Within a formula: no empty line, which ends a paragraph and whatever was begun in it. */
const INSIDE = '(?:(?!\\n[ \\t]*\\n)[\\s\\S])+?'
const BLOCK = new RegExp(`^ {0,3}(?:\\$\\$(${INSIDE})\\$\\$|\\\\\\[(${INSIDE})\\\\\\])[ \\t]*(?:\\n+|$)`)
const BLOCK_LATER = new RegExp(`\\n${BLOCK.source.slice(1)}`)
/** A dollar is one of a formula where a word begins or ends at it and no figure follows: "$5 and $10" are prices. */
const INLINE = new RegExp(
  `^(?:\\$\\$(${INSIDE})\\$\\$|\\\\\\((${INSIDE})\\\\\\)|\\\\\\[(${INSIDE})\\\\\\]|\\$(?![\\s$])([^$\`\\n]*[^\\s$\`\\\\])\\$(?![\\d$]))`,
)

interface Formula extends Tokens.Generic {
  readonly text: string
}

function token(type: string, match: RegExpExecArray | null): Formula | undefined {
  if (match === null) return undefined
  const [raw, ...groups] = match
  return { type, raw, text: (groups.find((group) => group !== undefined) ?? '').trim() }
}

const block: TokenizerAndRendererExtension = {
  name: 'formulaBlock',
  level: 'block',
  start: (source) => {
    const at = BLOCK_LATER.exec(source)?.index
    return at === undefined ? undefined : at + 1
  },
  tokenizer: (source) => token('formulaBlock', BLOCK.exec(source)),
  renderer: ({ text }) => `<p class="md-formula"><code class="md-tex">${escapeHtml(String(text))}</code></p>`,
}

const inline: TokenizerAndRendererExtension = {
  name: 'formula',
  level: 'inline',
  start: (source) => {
    const at = source.search(/\$|\\[([]/)
    return at === -1 ? undefined : at
  },
  tokenizer: (source) => token('formula', INLINE.exec(source)),
  renderer: ({ text }) => `<code class="md-tex">${escapeHtml(String(text))}</code>`,
}

export const FORMULAS: TokenizerAndRendererExtension[] = [block, inline]
