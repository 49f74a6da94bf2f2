import { Component, createRef, render } from 'preact'
import { useMemo } from 'preact/hooks'
import { BlockSplitter } from './blocks.js'
import type { MarkdownBlock } from './blocks.js'
import { CodeBlock } from './code-block.js'
import { sanitized } from './sanitize.js'
import { blockHtml, fenceOf, languageOf } from './to-html.js'

export interface MarkdownProps {
  readonly text: string
  /** No more of it comes. */
  readonly done: boolean
}

/** A model's text. What is finished of it is not rendered again while the rest grows. */
export function Markdown({ text, done }: MarkdownProps) {
  const splitter = useMemo(() => new BlockSplitter(), [])
  return (
    <div class="md">
      {splitter.push(text, done).map((block) => {
        const fence = fenceOf(block.token)
        return fence === null ? (
          <HtmlBlock key={block.key} block={block} />
        ) : (
          <CodeBlock key={block.key} code={fence.text} language={languageOf(fence.lang)} done={block.done} />
        )
      })}
    </div>
  )
}

/** A block that is no fence, as sanitised nodes. Rendered anew only when its text is another. */
class HtmlBlock extends Component<{ readonly block: MarkdownBlock }> {
  readonly #element = createRef<HTMLDivElement>()
  #hosts: Element[] = []

  override shouldComponentUpdate(next: Readonly<{ block: MarkdownBlock }>): boolean {
    const { raw, heading } = this.props.block
    return next.block.raw !== raw || next.block.heading !== heading
  }

  override componentDidMount(): void {
    this.#fill()
  }

  override componentDidUpdate(): void {
    this.#fill()
  }

  override componentWillUnmount(): void {
    this.#empty()
  }

  render() {
    return <div class="md-block" ref={this.#element} />
  }

  #fill(): void {
    const nodes = sanitized(blockHtml(this.props.block))
    this.#empty()
    // Fences within lists and quotations get the same as the others.
    for (const pre of nodes.querySelectorAll('pre')) {
      const host = document.createElement('div')
      const language = /(?:^| )language-(\S+)/.exec(pre.className)?.[1] ?? ''
      render(<CodeBlock code={pre.textContent ?? ''} language={language} done />, host)
      pre.replaceWith(host)
      this.#hosts.push(host)
    }
    this.#element.current?.replaceChildren(nodes)
  }

  #empty(): void {
    for (const host of this.#hosts) render(null, host)
    this.#hosts = []
  }
}
