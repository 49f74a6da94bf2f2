import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Icon, type IconName } from './icons.js'
import { nextEntry } from './next-entry.js'
import './menu.css'

export interface MenuItem {
  readonly label: string
  readonly icon?: IconName
  readonly onSelect: () => void
  readonly danger?: boolean
  readonly disabled?: boolean
  /** Present: one of several that can be on. */
  readonly checked?: boolean
}

export interface MenuProps {
  /** The button's name. */
  readonly label: string
  readonly items: readonly MenuItem[]
  /** What the button shows; an icon of dots otherwise. */
  readonly trigger?: ComponentChildren
  readonly icon?: IconName
  /** The edge of the button that the menu keeps to. */
  readonly align?: 'start' | 'end'
  readonly class?: string
}

/** A button that opens a list of actions: arrows, Home, End and first letters move, Escape and Tab close. */
export function Menu({ label, items, trigger, icon = 'dots', align = 'end', class: more }: MenuProps) {
  const [open, setOpen] = useState<'first' | 'last' | null>(null)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()
  const entries = (): HTMLElement[] => [
    ...(root.current?.querySelectorAll<HTMLElement>('[role^=menuitem]:not([aria-disabled=true])') ?? []),
  ]

  useEffect(() => {
    if (open === null) return undefined
    entries()
      .at(open === 'first' ? 0 : -1)
      ?.focus()
    const outside = (event: Event): void => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(null)
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open])

  const close = (): void => {
    setOpen(null)
    button.current?.focus()
  }
  const onKey = (event: KeyboardEvent): void => {
    if (open === null) {
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
      event.preventDefault()
      setOpen(event.key === 'ArrowDown' ? 'first' : 'last')
      return
    }
    const all = entries()
    const at = all.findIndex((entry) => entry === document.activeElement)
    const to = nextEntry(
      event.key,
      at,
      all.map((entry) => entry.textContent ?? ''),
    )
    if (to !== null) {
      event.preventDefault()
      all[to]?.focus()
    } else if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      close()
    } else if (event.key === 'Tab') setOpen(null)
  }

  return (
    <div class={`menu ${more ?? ''}`} ref={root} onKeyDown={onKey}>
      <button
        ref={button}
        type="button"
        class={trigger === undefined ? 'icon-button icon-button-s' : 'menu-trigger'}
        aria-haspopup="menu"
        aria-expanded={open !== null}
        aria-controls={open === null ? undefined : id}
        aria-label={label}
        title={trigger === undefined ? label : undefined}
        onClick={() => setOpen(open === null ? 'first' : null)}
      >
        {trigger ?? <Icon name={icon} size={18} />}
      </button>
      {open !== null && (
        <div class={`menu-list menu-${align}`} id={id} role="menu" aria-label={label}>
          {items.map((item) => (
            <Entry key={item.label} item={item} onDone={close} />
          ))}
        </div>
      )}
    </div>
  )
}

function Entry({ item, onDone }: { readonly item: MenuItem; readonly onDone: () => void }) {
  const select = (): void => {
    if (item.disabled) return
    // The focus goes back first, so that a dialog which the action opens returns it there.
    onDone()
    item.onSelect()
  }
  return (
    <button
      type="button"
      class={item.danger ? 'menu-item menu-item-danger' : 'menu-item'}
      role={item.checked === undefined ? 'menuitem' : 'menuitemradio'}
      aria-checked={item.checked}
      aria-disabled={item.disabled}
      tabIndex={-1}
      onClick={select}
    >
      {item.icon !== undefined && <Icon name={item.icon} size={16} />}
      <span class="menu-label">{item.label}</span>
      {item.checked && <Icon name="check" size={16} />}
    </button>
  )
}
