import type { KvType } from '@berth/budget'
import { parseGoDuration } from '@berth/protocol'
import type { EvictionName, PolicyName } from '@berth/scheduler'
import { InvalidArgumentError } from 'commander'

/* What the words after flags are read as; commander tells the user of which flag an error is. */

export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError(`expected a whole number, got ${JSON.stringify(text)}`)
}

export function countFrom1(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && Number.isSafeInteger(count)) return count
  throw new InvalidArgumentError(`expected a whole number from 1, got ${JSON.stringify(text)}`)
}

/** A number above 0, whole or not. */
export function above0(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value
  throw new InvalidArgumentError(`expected a number above 0, got ${JSON.stringify(text)}`)
}

/** A number from 0, whole or not. */
export function from0(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && Number.isFinite(value)) return value
  throw new InvalidArgumentError(`expected a number from 0, got ${JSON.stringify(text)}`)
}

/** Reads one of a few words. */
export function oneOf<const T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text.toLowerCase())
    if (found !== undefined) return found
    throw new InvalidArgumentError(`expected one of ${words.join(', ')}, got ${JSON.stringify(text)}`)
  }
}

export const policy = oneOf(['fifo', 'fair', 'shortest'])
export const eviction = oneOf(['lru', 'cost'])

/** Policies with commas between them, each with an eviction behind a `+` or without. */
export function policies(text: string): readonly { policy: PolicyName; eviction?: EvictionName }[] {
  return text.split(',').map((one) => {
    const [name = '', evicts] = one.trim().split('+')
    return { policy: policy(name), ...(evicts === undefined ? {} : { eviction: eviction(evicts) }) }
  })
}

/** Milliseconds, of a length of time such as `90s` or `1h30m`. */
export function duration(text: string): number {
  const ms = parseGoDuration(text.trim())
  if (ms !== undefined && ms > 0 && ms <= 2 ** 31 - 1) return ms
  throw new InvalidArgumentError(`expected a duration such as 90s or 10m, got ${JSON.stringify(text)}`)
}

export const KV_TYPES = [
  'f32',
  'f16',
  'bf16',
  'q8_0',
  'q5_1',
  'q5_0',
  'q4_1',
  'q4_0',
  'iq4_nl',
] as const satisfies readonly KvType[]

export function kvType(text: string): KvType {
  const found = KV_TYPES.find((type) => type === text.toLowerCase())
  if (found !== undefined) return found
  throw new InvalidArgumentError(`expected one of ${KV_TYPES.join(', ')}, got ${JSON.stringify(text)}`)
}

const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt])(i?)b?$/i
const POWER: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4 }

/** Bytes with a unit: `8GB` is 8 × 10⁹, `8GiB` 8 × 2³⁰. */
export function size(text: string): number {
  const [, amount, unit = '', binary = ''] = SIZE.exec(text.trim()) ?? []
  const bytes = Math.round(Number(amount) * (binary === '' ? 1000 : 1024) ** (POWER[unit.toLowerCase()] ?? 0))
  if (bytes > 0 && bytes <= 2 ** 50) return bytes
  throw new InvalidArgumentError(`expected a size such as 8GB or 512MiB, got ${JSON.stringify(text)}`)
}

/** Several of them with commas between them; `0` or `none` for none. */
export function sizes(text: string): readonly number[] {
  return /^(0|none)$/i.test(text.trim()) ? [] : text.split(',').map(size)
}
