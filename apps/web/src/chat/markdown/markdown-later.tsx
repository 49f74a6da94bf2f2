import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import type { MarkdownProps } from './markdown.js'
import './markdown.css'

const loaded = signal<{ readonly Markdown: ComponentType<MarkdownProps> } | null>(null)

let loading: Promise<void> | null = null

/** Nobody needs the reader of Markdown before the first answer. A fetch that failed is tried again by the next text. */
function load(): void {
  loading ??= import('./markdown.js').then(
    (come) => {
      loaded.value = come
    },
    // Without it (no network on the first visit) the text is plain, and still all there.
    () => {
      loading = null
    },
  )
}

/** A model's text; as it stands until the reader of Markdown has come. */
export function Markdown(props: MarkdownProps) {
  const come = loaded.value
  useEffect(load, [])
  return come === null ? <div class="md md-plain">{props.text}</div> : <come.Markdown {...props} />
}
