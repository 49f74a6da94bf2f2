import { Parser, Renderer } from 'marked'
import type { Token, Tokens } from 'marked'
import { MARKDOWN_OPTIONS, TOP_HEADING } from './blocks.js'
import type { MarkdownBlock } from './blocks.js'
import { escapeHtml } from './escape-html.js'

const DATA_IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[a-z0-9+/=\s]*$/i

/** Whether an address holds a picture itself, of a kind that cannot carry anything else. */
export function isDataImage(address: string): boolean {
  return DATA_IMAGE.test(address)
}

/**
 * A block as HTML, still to be sanitised. HTML in the text is shown as text; pictures at an address are links,
 * since fetching them would tell that address what is being talked about.
 */
export function blockHtml(block: MarkdownBlock): string {
  try {
    return new Parser({ ...MARKDOWN_OPTIONS, renderer: new SafeRenderer(block.heading) }).parse([block.token])
  } catch {
    // Nested so deep that it overflows the stack here and not yet in the reader: it is shown as it stands.
    return `<p class="md-source">${escapeHtml(block.raw)}</p>`
  }
}

class SafeRenderer extends Renderer {
  readonly #heading: number

  constructor(heading: number) {
    super()
    this.#heading = heading
  }

  override html({ text, block }: Tokens.HTML | Tokens.Tag): string {
    if (/^<br\s*\/?>$/i.test(text.trim())) return '<br>'
    const shown = escapeHtml(text)
    return block ? `<p class="md-source">${shown.trimEnd()}</p>` : shown
  }

  override image({ href, text }: Tokens.Image): string {
    const name = escapeHtml(text)
    if (isDataImage(href)) return `<img src="${escapeHtml(href)}" alt="${name}">`
    return `<a href="${escapeHtml(href)}">${name === '' ? 'Image' : `Image: ${name}`}</a>`
  }

  override heading({ tokens, depth }: Tokens.Heading): string {
    const level = Math.max(TOP_HEADING + 1, Math.min(this.#heading, depth + TOP_HEADING))
    return `<h${level} class="md-h${depth}">${this.parser.parseInline(tokens)}</h${level}>`
  }

  override listitem(item: Tokens.ListItem): string {
    // A box stands where the bullet would.
    return `<li${item.task ? ' class="md-task"' : ''}>${this.parser.parse(item.tokens)}</li>`
  }

  override checkbox({ checked }: Tokens.Checkbox): string {
    return checked ? '☑ ' : '☐ '
  }

  override code({ text, lang }: Tokens.Code): string {
    const name = languageOf(lang)
    return `<pre${name === '' ? '' : ` class="language-${escapeHtml(name)}"`}><code>${escapeHtml(text)}</code></pre>`
  }
}

/** The language that a fence names: its first word. */
export function languageOf(lang: string | undefined): string {
  return (
    (lang ?? '')
      .trim()
      .split(/[\s{,:]/)[0]
      ?.toLowerCase() ?? ''
  )
}

function isFence(token: Token): token is Tokens.Code {
  return token.type === 'code'
}

/** A fence's code, where the block is one. */
export function fenceOf(token: Token): Tokens.Code | null {
  return isFence(token) ? token : null
}
