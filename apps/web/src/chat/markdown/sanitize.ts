import createDOMPurify from 'dompurify'
import { isDataImage } from './to-html.js'

const TAGS =
  'a blockquote br code del em h1 h2 h3 h4 h5 h6 hr img li ol p pre s span strong table tbody td th thead tr ul'.split(
    ' ',
  )
const ATTRIBUTES = ['href', 'src', 'alt', 'title', 'class', 'start', 'align']
const ADDRESS = /^(?:https?:|mailto:)/i
const OWN_CLASS = /^(?:md-[a-z0-9]+|language-[\w#+.-]+|hljs-[\w-]+|[a-z]+_)$/

/** Elements in which a text begins that may be in another script than the one before. */
const TEXT_BLOCKS = 'p, li, h1, h2, h3, h4, h5, h6, blockquote, td, th'

// An instance of its own: hooks added by others do not reach it, nor its hooks them.
const purify = createDOMPurify(window)

purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.hasAttribute('class')) {
    const classes = [...node.classList].filter((name) => OWN_CLASS.test(name))
    if (classes.length === 0) node.removeAttribute('class')
    else node.className = classes.join(' ')
  }
  if (node.tagName === 'IMG' && !isDataImage(node.getAttribute('src') ?? '')) node.remove()
  if (node.tagName !== 'IMG') node.removeAttribute('src')
  if (node.tagName === 'A') {
    if (!ADDRESS.test(node.getAttribute('href') ?? '')) node.removeAttribute('href')
    node.setAttribute('target', '_blank')
    node.setAttribute('rel', 'noopener noreferrer nofollow')
  }
})

/** HTML as nodes that nothing can run from and that load nothing: never put back together from a string. */
export function sanitized(html: string): DocumentFragment {
  const fragment = purify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    // Of all others DOMPurify wants the value to be an address that is allowed.
    ADD_URI_SAFE_ATTR: ['align', 'start'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|data:image\/(?:png|jpeg|gif|webp);base64,)/i,
    RETURN_DOM_FRAGMENT: true,
  })
  for (const element of fragment.querySelectorAll(TEXT_BLOCKS)) element.setAttribute('dir', 'auto')
  for (const element of fragment.querySelectorAll('pre')) element.setAttribute('dir', 'ltr')
  for (const table of fragment.querySelectorAll('table')) {
    // A wide table scrolls by itself, and so must be reachable by keyboard.
    const frame = document.createElement('div')
    frame.className = 'md-table'
    frame.tabIndex = 0
    frame.setAttribute('role', 'group')
    frame.setAttribute('aria-label', 'Table')
    table.replaceWith(frame)
    frame.append(table)
  }
  return fragment
}

/** Highlighted code, whose only elements are spans with a class. */
export function sanitizedCode(html: string): DocumentFragment {
  return purify.sanitize(html, {
    ALLOWED_TAGS: ['span'],
    ALLOWED_ATTR: ['class'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  })
}
