import { sanitizedCode } from './sanitize.js'

type Highlighter = (code: string, language: string) => string | null

let loading: Promise<Highlighter> | null = null

/** Fetches the highlighter when the first code block is shown, once; a fetch that failed is tried again by the next one. */
function loadHighlighter(): Promise<Highlighter> {
  loading ??= import('./languages.js').then(
    ({ highlightHtml }) => highlightHtml,
    (error: unknown) => {
      loading = null
      throw error
    },
  )
  return loading
}

/** Code as coloured nodes; null where the language is none that we know. */
export async function highlighted(code: string, language: string): Promise<DocumentFragment | null> {
  if (language === '') return null
  const highlight = await loadHighlighter()
  const html = highlight(code, language)
  return html === null ? null : sanitizedCode(html)
}
