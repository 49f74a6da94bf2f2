import { formatBytes, type ByteUnit } from '@berth/budget'

/** Sizes of files as people know them from downloads: powers of 1000. */
export function fileSize(bytes: number): string {
  const units: readonly (readonly [number, ByteUnit])[] = [
    [1e12, 'TB'],
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ]
  const [, unit] = units.find(([size]) => bytes >= size * 0.9995) ?? [1, 'B' as const]
  return formatBytes(bytes, unit)
}

const STEPS = [
  { name: 'year', ms: 365 * 86_400_000 },
  { name: 'month', ms: 30 * 86_400_000 },
  { name: 'week', ms: 7 * 86_400_000 },
  { name: 'day', ms: 86_400_000 },
  { name: 'hour', ms: 3_600_000 },
  { name: 'minute', ms: 60_000 },
  { name: 'second', ms: 1_000 },
] as const

/** "3 days", "1 minute"; "no time" for less than a second. */
export function span(ms: number): string {
  for (const { name, ms: step } of STEPS) {
    const count = Math.floor(ms / step)
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'}`
  }
  return 'no time'
}

/** "3 days ago" */
export function ago(then: string, now: number): string {
  const ms = now - Date.parse(then)
  return Number.isNaN(ms) ? '' : ms < 1_000 ? 'just now' : `${span(ms)} ago`
}

const CENTURY_MS = 100 * 365 * 86_400_000

/** "4 minutes from now"; "for ever" for what no clock reaches. */
export function until(then: string, now: number): string {
  const ms = Date.parse(then) - now
  if (Number.isNaN(ms)) return ''
  if (ms > CENTURY_MS) return 'for ever'
  return ms < 1_000 ? 'now' : `${span(ms)} from now`
}

/** Nanoseconds as "1.23s" or "45.6ms". */
export function nanoseconds(ns: number): string {
  return ns >= 1e9 ? `${(ns / 1e9).toFixed(2)}s` : `${(ns / 1e6).toFixed(1)}ms`
}
