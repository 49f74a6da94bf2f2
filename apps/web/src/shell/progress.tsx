import './progress.css'

export interface ProgressProps {
  /** From 0 to 1; null while nobody can say. */
  readonly value: number | null
  /** What it is the progress of. */
  readonly label: string
  readonly tone?: 'accent' | 'warn' | 'danger' | 'quiet'
}

export function Progress({ value, label, tone = 'accent' }: ProgressProps) {
  const share = value === null ? null : Math.min(1, Math.max(0, value))
  return (
    <div
      class={`progress progress-${tone} ${share === null ? 'progress-unknown' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share === null ? undefined : Math.round(share * 100)}
    >
      <div class="progress-bar" style={{ transform: `scaleX(${share ?? 0.3})` }} />
    </div>
  )
}

/** How full something is. */
export function Meter({ value, label, tone = 'accent' }: ProgressProps & { readonly value: number }) {
  const share = Math.min(1, Math.max(0, value))
  return (
    <div
      class={`progress progress-${tone}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
    >
      <div class="progress-bar" style={{ transform: `scaleX(${share})` }} />
    </div>
  )
}
