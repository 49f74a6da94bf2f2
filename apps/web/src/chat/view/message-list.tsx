import { useSignalEffect } from '@preact/signals'
import { useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks'
import { Button } from '../../shell/index.js'
import type { OpenChat } from '../open-chat.js'
import { guessHeight, offsetsOf, windowAt, windowAtEnd } from '../windowing.js'
import type { ListWindow } from '../windowing.js'
import { MessageView } from './message-view.js'
import type { MessageActions } from './message-view.js'
import './message-list.css'

/** Pixels above and below of what is seen that are rendered as well. */
const MARGIN = 1_200
/** Up to this many pixels from the end, one is at the end and stays there. */
const NEAR = 48

export interface MessageListProps {
  readonly chat: OpenChat
  readonly actions: MessageActions
  /** The message that is being edited. */
  readonly editing: string | null
}

/**
 * The shown branch. Only what is near is rendered, so that a conversation of thousands opens like one of ten; what is
 * seen stays where it is while heights above it become known. At the end, it follows the end as the answer grows, until
 * one scrolls up.
 */
export function MessageList({ chat, actions, editing }: MessageListProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const path = chat.path.value
  const scroll = useMemo(() => new Scrolling(chat), [chat])
  const [atEnd, setAtEnd] = useState(true)
  const [, step] = useReducer<number, void>((count) => count + 1, 0)

  const view = scroll.view(path)

  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    scroll.attach(element, () => step(), setAtEnd)
    return () => scroll.detach()
  }, [scroll])
  useLayoutEffect(() => scroll.rendered())
  // A message of one's own is to be seen, wherever one was.
  useSignalEffect(() => {
    const last = chat.path.value.at(-1)
    if (last !== undefined && chat.live.value.has(last)) scroll.toEnd()
  })

  return (
    <div class="message-area">
      <div
        class="message-scroller shell-scroll"
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label="Messages"
      >
        <div class="message-list" aria-live="off">
          <div class="message-space" style={{ height: `${view.before}px` }} />
          {path.slice(view.from, view.to).map((id, index) => (
            <MessageView
              key={id}
              chat={chat}
              id={id}
              actions={actions}
              last={view.from + index === path.length - 1}
              editing={editing === id}
              position={view.from + index + 1}
              count={path.length}
            />
          ))}
          <div class="message-space" style={{ height: `${view.after}px` }} />
        </div>
      </div>
      {!atEnd && (
        <div class="to-end">
          <Button icon="chevron-down" size="s" onClick={() => scroll.toEnd()}>
            To the end
          </Button>
        </div>
      )}
    </div>
  )
}

/** Where the list is scrolled to, and what of it is rendered. */
class Scrolling {
  readonly #chat: OpenChat
  readonly #heights = new Map<string, number>()
  #element: HTMLElement | null = null
  #observer: ResizeObserver | null = null
  #rerender: () => void = () => undefined
  #setAtEnd: (atEnd: boolean) => void = () => undefined
  #shown: ListWindow = { from: 0, to: 0, before: 0, after: 0 }
  #following = true
  /** What is to stay where it is seen: an item, and how far its top is from the top of the view. */
  #anchor: { readonly id: string; readonly top: number } | null = null
  #lastTop = 0

  constructor(chat: OpenChat) {
    this.#chat = chat
  }

  attach(element: HTMLElement, rerender: () => void, setAtEnd: (atEnd: boolean) => void): void {
    this.#element = element
    this.#rerender = rerender
    this.#setAtEnd = setAtEnd
    element.addEventListener('scroll', this.#scrolled, { passive: true })
    element.addEventListener('wheel', this.#wheeled, { passive: true })
    this.#observer = new ResizeObserver(() => this.rendered())
    this.#observer.observe(element)
    const list = element.firstElementChild
    if (list !== null) this.#observer.observe(list)
    // The view's height was not known when it was rendered first.
    rerender()
  }

  detach(): void {
    this.#element?.removeEventListener('scroll', this.#scrolled)
    this.#element?.removeEventListener('wheel', this.#wheeled)
    this.#observer?.disconnect()
    this.#element = null
  }

  view(path: readonly string[]): ListWindow {
    const height = this.#element?.clientHeight ?? 800
    const offsets = offsetsOf(path.map((id) => this.#height(id)))
    this.#shown =
      this.#following || this.#element === null
        ? windowAtEnd(offsets, height, MARGIN)
        : windowAt(offsets, this.#element.scrollTop, height, MARGIN)
    return this.#shown
  }

  /** After a render, or when something has grown: learns heights, and puts back what should not have moved. */
  rendered(): void {
    const element = this.#element
    if (element === null) return
    for (const item of this.#items()) this.#heights.set(item.dataset['id'] ?? '', item.offsetHeight)
    if (this.#following) {
      element.scrollTop = element.scrollHeight
      this.#lastTop = element.scrollTop
      return
    }
    const anchor = this.#anchor
    const item = anchor === null ? undefined : this.#items().find((one) => one.dataset['id'] === anchor.id)
    if (anchor !== null && item !== undefined) {
      const moved = item.getBoundingClientRect().top - element.getBoundingClientRect().top - anchor.top
      if (Math.abs(moved) > 0.5) {
        element.scrollTop += moved
        this.#lastTop = element.scrollTop
      }
    }
  }

  toEnd(): void {
    this.#following = true
    this.#anchor = null
    this.#setAtEnd(true)
    this.#rerender()
    this.rendered()
  }

  readonly #wheeled = (event: WheelEvent): void => {
    // Before the scroll itself, so that an answer that grows in the same frame does not take it back.
    if (event.deltaY < 0) this.#following = false
  }

  readonly #scrolled = (): void => {
    const element = this.#element
    if (element === null) return
    const left = element.scrollHeight - element.scrollTop - element.clientHeight
    if (element.scrollTop < this.#lastTop - 1 && left > 1) this.#following = false
    else if (left <= NEAR && this.#shown.after === 0) this.#following = true
    this.#lastTop = element.scrollTop
    this.#setAnchor(element)
    this.#setAtEnd(this.#following || left <= NEAR)
    if (this.#following) return
    const path = this.#chat.path.peek()
    const wanted = windowAt(
      offsetsOf(path.map((id) => this.#height(id))),
      element.scrollTop,
      element.clientHeight,
      MARGIN / 2,
    )
    // Rendered anew before what is rendered runs out, and not with every pixel.
    if (wanted.from < this.#shown.from || wanted.to > this.#shown.to) this.#rerender()
  }

  #setAnchor(element: HTMLElement): void {
    const top = element.getBoundingClientRect().top
    const item = this.#items().find((one) => one.getBoundingClientRect().bottom > top)
    this.#anchor =
      item === undefined || this.#following
        ? null
        : { id: item.dataset['id'] ?? '', top: item.getBoundingClientRect().top - top }
  }

  #items(): HTMLElement[] {
    return [...(this.#element?.querySelectorAll<HTMLElement>('.message') ?? [])]
  }

  #height(id: string): number {
    const known = this.#heights.get(id)
    if (known !== undefined && known > 0) return known
    const message = this.#chat.message(id)?.peek()
    return guessHeight(message?.text.length ?? 0)
  }
}
