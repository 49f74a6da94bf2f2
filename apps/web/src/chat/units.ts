/** A short time for people: "0.84 s", "12.3 s". */
export function secondsText(ms: number): string {
  const seconds = ms / 1_000
  return `${seconds < 1 ? seconds.toFixed(2) : seconds < 100 ? seconds.toFixed(1) : Math.round(seconds)} s`
}

/** "1st", "2nd", "11th". */
export function ordinal(n: number): string {
  const tens = n % 100
  const suffix = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')
  return `${n}${suffix}`
}

/** The heading under which a conversation is listed: "Today", "Yesterday", "Last 7 days", "Last 30 days", then months. */
export function dayGroup(at: number, now: number): string {
  const midnight = new Date(now)
  midnight.setHours(0, 0, 0, 0)
  const today = midnight.getTime()
  const day = 24 * 3_600_000
  if (at >= today) return 'Today'
  if (at >= today - day) return 'Yesterday'
  if (at >= today - 7 * day) return 'Last 7 days'
  if (at >= today - 30 * day) return 'Last 30 days'
  return new Date(at).toLocaleDateString(undefined, { month: 'long', year: 'numeric' })
}
