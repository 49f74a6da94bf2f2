/**
 * The entry that a key leads to from the one at `at` (−1: none); null for a key that leads nowhere.
 * A letter leads to the next entry that begins with it.
 */
export function nextEntry(key: string, at: number, labels: readonly string[]): number | null {
  const count = labels.length
  if (count === 0) return null
  if (key === 'ArrowDown') return (at + 1) % count
  if (key === 'ArrowUp') return at <= 0 ? count - 1 : at - 1
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  if (key.length !== 1 || key === ' ') return null
  const begins = (label: string): boolean => label.trim().toLowerCase().startsWith(key.toLowerCase())
  const after = labels.findIndex((label, index) => index > at && begins(label))
  const found = after >= 0 ? after : labels.findIndex(begins)
  return found >= 0 ? found : null
}
