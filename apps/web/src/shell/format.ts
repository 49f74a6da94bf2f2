/** A span of time for people, by its largest two units at most: "8 s", "3 min", "1 h 20 min", "2 days". */
export function formatDuration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return `${Math.round(hours / 24)} days`
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
}

/** A count for people, three digits at most: 135_000_000 is "135M", 1_240_000_000 is "1.2B", 8_192 is "8.2K". */
export function formatCount(count: number): string {
  const units = ['', 'K', 'M', 'B', 'T']
  let size = count
  let unit = 0
  // By the rounded figure, so that 999,960 is "1M" and never "1000K".
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1_000
    unit += 1
  }
  const digits = size < 99.95 && unit > 0 ? 1 : 0
  return `${size.toFixed(digits).replace(/\.0$/, '')}${units[unit]}`
}

/** Tokens of a context, which come in powers of two: 4096 is "4K", 131072 is "128K", 1000 is "1000". */
export function formatTokens(tokens: number): string {
  return tokens >= 1_024 && tokens % 1_024 === 0 ? `${tokens / 1_024}K` : tokens.toLocaleString('en')
}
