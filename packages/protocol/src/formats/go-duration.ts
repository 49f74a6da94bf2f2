/** Milliseconds of each unit that Go's `time.ParseDuration` knows. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5, micro sign
  μs: 1e-3, // U+03BC, Greek mu
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

const WHOLE = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g

/** Milliseconds of a Go duration such as `1h30m`, `-1s` or `0`; undefined where the text is none. */
export function parseGoDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0
  if (!WHOLE.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(PART)) sum += Number(amount) * (UNITS[unit ?? ''] ?? 0)
  return text.startsWith('-') ? -sum : sum
}

/** A length of time as Go prints it: `1h30m0s`, `5m0s`, `1.5s`, `250ms`. */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s'
  if (ms < 0) return `-${formatGoDuration(-ms)}`
  if (ms < 1_000) return ms >= 1 ? `${trimmed(ms)}ms` : `${trimmed(ms * 1_000)}µs`
  const hours = Math.floor(ms / 3_600_000)
  const minutes = Math.floor((ms % 3_600_000) / 60_000)
  const seconds = `${trimmed((ms % 60_000) / 1_000)}s`
  if (hours > 0) return `${hours}h${minutes}m${seconds}`
  return minutes > 0 ? `${minutes}m${seconds}` : seconds
}

const trimmed = (value: number): string => String(Number(value.toFixed(6)))

/**
 * Ollama's `keep_alive` in milliseconds: a number is seconds, a text is a Go duration or a plain number of
 * seconds; negative stays for ever. Undefined where it is neither.
 */
export function parseKeepAlive(value: number | string): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value * 1_000 : undefined
  const text = value.trim()
  if (/^[+-]?\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000
  return parseGoDuration(text)
}
