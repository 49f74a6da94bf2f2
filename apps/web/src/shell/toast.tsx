import { signal } from '@preact/signals'
import { IconButton } from './button.js'
import { Icon, type IconName } from './icons.js'
import './toast.css'

export interface ToastOptions {
  /** An `error` stays until it is closed; others go by themselves, unless there is something to press. */
  readonly kind?: 'info' | 'ok' | 'error'
  readonly action?: { readonly label: string; readonly onSelect: () => void }
  /** Takes the place of an earlier one of the same name. */
  readonly name?: string
}

interface Shown extends ToastOptions {
  readonly id: number
  readonly text: string
}

const STAYS_MS = 6_000
/** More would cover the page; the oldest goes. */
const MOST = 3

const shown = signal<readonly Shown[]>([])
let made = 0

/** Says something in the corner of the page; returns what takes it away again. */
export function toast(text: string, options: ToastOptions = {}): () => void {
  made += 1
  const id = made
  const close = (): void => {
    shown.value = shown.peek().filter((each) => each.id !== id)
  }
  const others = shown.peek().filter(({ name }) => name === undefined || name !== options.name)
  shown.value = [...others, { ...options, id, text }].slice(-MOST)
  if (options.kind !== 'error' && options.action === undefined) setTimeout(close, STAYS_MS)
  return close
}

/** Tells of a call that failed, by its error's own words. */
export function toastError(error: unknown): void {
  toast(error instanceof Error ? error.message : String(error), { kind: 'error' })
}

const ICON: Readonly<Record<NonNullable<ToastOptions['kind']>, IconName>> = {
  info: 'info',
  ok: 'check',
  error: 'warning',
}

/** Where toasts appear; once in the page. Regions of this kind are read out when something is added. */
export function Toasts() {
  const close = (id: number): void => {
    shown.value = shown.peek().filter((each) => each.id !== id)
  }
  return (
    <div class="toasts" role="log" aria-live="polite" aria-label="Notices">
      {shown.value.map(({ id, text, kind = 'info', action }) => (
        <div class={`toast toast-${kind}`} key={id}>
          <Icon name={ICON[kind]} />
          <p>{text}</p>
          {action !== undefined && (
            <button
              type="button"
              class="toast-action"
              onClick={() => {
                close(id)
                action.onSelect()
              }}
            >
              {action.label}
            </button>
          )}
          <IconButton icon="close" label="Dismiss" size="s" onClick={() => close(id)} />
        </div>
      ))}
    </div>
  )
}
