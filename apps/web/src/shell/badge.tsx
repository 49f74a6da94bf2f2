import type { ComponentChildren } from 'preact'
import type { Fit } from '../host/index.js'
import { Icon, type IconName } from './icons.js'
import './badge.css'

export type Tone = 'neutral' | 'ok' | 'warn' | 'danger' | 'accent'

export interface BadgeProps {
  readonly tone?: Tone
  readonly icon?: IconName
  readonly title?: string | undefined
  readonly children: ComponentChildren
}

/** A word or two about the thing it stands beside. */
export function Badge({ tone = 'neutral', icon, title, children }: BadgeProps) {
  return (
    <span class={`badge badge-${tone}`} title={title}>
      {icon !== undefined && <Icon name={icon} size={14} />}
      {children}
    </span>
  )
}

const FIT: Readonly<Record<Fit['verdict'], { readonly tone: Tone; readonly text: string }>> = {
  fits: { tone: 'ok', text: 'Fits' },
  tight: { tone: 'warn', text: 'Tight' },
  'does-not-fit': { tone: 'danger', text: 'Does not fit' },
  unknown: { tone: 'neutral', text: 'Size unknown' },
}

/** Whether a model can run here, in a word; why is for whoever asks. */
export function FitBadge({ fit }: { readonly fit: Fit }) {
  const { tone, text } = FIT[fit.verdict]
  return (
    <Badge tone={tone} title={fit.why}>
      {text}
    </Badge>
  )
}
