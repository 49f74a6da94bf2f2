import { useEffect, useRef, useState } from 'preact/hooks'
import { CopyButton } from '../../shell/index.js'
import { highlighted } from './highlight.js'

export interface CodeBlockProps {
  readonly code: string
  readonly language: string
  /** No more of it comes. */
  readonly done: boolean
}

/** While code grows it is coloured anew when it has grown by this share: all the colouring together stays in proportion to its length. */
const GROWTH = 1.25

/** Code with its language, a button to copy it, and colours as soon as they are there. */
export function CodeBlock({ code, language, done }: CodeBlockProps) {
  const element = useRef<HTMLElement>(null)
  const coloured = useRef<{ length: number; whole: boolean }>({ length: 0, whole: false })
  const [failed, setFailed] = useState(false)

  useEffect(() => {
    const target = element.current
    if (target === null) return undefined
    let current = true
    const { length, whole } = coloured.current
    const due = done ? !whole || length !== code.length : code.length >= Math.max(200, length * GROWTH)
    if (!due || failed) {
      appendPlain(target, code)
      return undefined
    }
    appendPlain(target, code)
    highlighted(code, language).then(
      (nodes) => {
        if (nodes === null || !current) return
        // What has come meanwhile stays at its end.
        const rest = (target.textContent ?? '').slice(code.length)
        target.replaceChildren(nodes, rest)
        coloured.current = { length: code.length, whole: done }
      },
      // Without the highlighter (no network on the first visit) code is plain, and still all there.
      () => setFailed(true),
    )
    return () => {
      // A colouring that is late is of use while the code only grows.
      if (done) current = false
    }
  }, [code, language, done, failed])

  return (
    <div class="code-block">
      <div class="code-head">
        <span>{language === '' ? 'text' : language}</span>
        <CopyButton text={() => code} label="Copy code" />
      </div>
      <pre tabIndex={0} dir="ltr">
        <code ref={element} />
      </pre>
    </div>
  )
}

/** Makes the element's text this one, keeping the colours of the part that it has already. */
function appendPlain(target: HTMLElement, code: string): void {
  const shown = target.textContent ?? ''
  if (shown === code) return
  if (!code.startsWith(shown)) {
    target.textContent = code
    return
  }
  const last = target.lastChild
  if (last instanceof Text) last.appendData(code.slice(shown.length))
  else target.append(code.slice(shown.length))
}
