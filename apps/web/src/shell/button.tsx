import type { ButtonHTMLAttributes, ComponentChildren } from 'preact'
import { Icon, type IconName } from './icons.js'
import './button.css'

type Native = Omit<ButtonHTMLAttributes, 'size' | 'icon' | 'label' | 'class'>

export interface ButtonProps extends Native {
  /** One `primary` a view; `danger` for what cannot be undone. */
  readonly variant?: 'primary' | 'plain' | 'ghost' | 'danger'
  readonly size?: 's' | 'm'
  readonly icon?: IconName
  /** Waits for what it began: it keeps the focus and takes no click. */
  readonly busy?: boolean
  readonly class?: string
  readonly children?: ComponentChildren
}

export function Button({
  variant = 'plain',
  size = 'm',
  icon,
  busy = false,
  class: more = '',
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      class={`button button-${variant} button-${size} ${more}`}
      aria-busy={busy}
      // Not `disabled`, which would throw the focus away.
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? (
        <Spinner size={16} />
      ) : (
        icon !== undefined && <Icon name={icon} size={size === 's' ? 16 : 18} />
      )}
      {children}
    </button>
  )
}

export interface IconButtonProps extends Native {
  readonly icon: IconName
  /** What it does, for those who do not see the icon, and for the pointer that rests on it. */
  readonly label: string
  readonly size?: 's' | 'm'
  readonly class?: string
}

export function IconButton({ icon, label, size = 'm', class: more = '', ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      {...rest}
      class={`icon-button icon-button-${size} ${more}`}
    >
      <Icon name={icon} size={size === 's' ? 16 : 20} />
    </button>
  )
}

export function Spinner({ size = 18 }: { readonly size?: number }) {
  return (
    <svg class="spinner" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false">
      <circle class="spinner-track" cx="12" cy="12" r="9" />
      <path class="spinner-arc" d="M12 3a9 9 0 0 1 9 9" />
    </svg>
  )
}
