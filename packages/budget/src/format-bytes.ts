import type { Bytes } from './units.js'

/** Powers of 1024 (KiB, MiB, GiB, TiB) or of 1000 (kB, MB, GB, TB): what the label says is what was divided by. */
export type ByteUnit = 'B' | 'kB' | 'MB' | 'GB' | 'TB' | 'KiB' | 'MiB' | 'GiB' | 'TiB'

const SIZE: Record<ByteUnit, number> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

const BINARY: readonly ByteUnit[] = ['TiB', 'GiB', 'MiB', 'KiB', 'B']

/**
 * Bytes for people. Without a unit, the largest binary one (B … TiB) of which there is at least one;
 * a single decimal below 100, none from 100 on and for bare bytes.
 */
export function formatBytes(bytes: Bytes, unit?: ByteUnit): string {
  const size = Math.abs(bytes)
  // Chosen by the rounded figure, so that a byte less than 1 MiB is "1.0 MiB" and never "1024 KiB".
  const chosen = unit ?? BINARY.find((candidate) => size >= SIZE[candidate] * 0.9995) ?? 'B'
  const amount = bytes / SIZE[chosen]
  return `${amount.toFixed(chosen === 'B' || Math.abs(amount) >= 99.95 ? 0 : 1)} ${chosen}`
}
