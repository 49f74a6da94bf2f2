import { formatBytes } from '@berth/budget'
import type { Bytes, DeviceUse } from '@berth/budget'
import { PARTS } from './words.js'
import type { PartName } from './words.js'

/** A device's bar: what a model takes of it, and what models before it have taken. */
export interface DeviceBar {
  readonly device: string
  readonly segments: readonly Segment[]
  /** Where what there is ends, from 0 to 1 of the bar's length; below 1 where more is wanted. */
  readonly limit: number
  readonly over: boolean
  /** "5.4 GB of 7.6 GB". */
  readonly text: string
}

export interface Segment {
  readonly part: PartName | 'others'
  readonly text: string
  readonly bytes: Bytes
  readonly figure: string
  /** Of the bar's length, from 0 to 1. */
  readonly share: number
}

/** @param before what models before it have taken there. */
export function deviceBar(
  use: Pick<DeviceUse, 'on' | 'free' | 'bytes' | PartName>,
  before: Bytes,
): DeviceBar {
  const whole = use.free + before
  const length = Math.max(whole, before + use.bytes, 1)
  const others = { part: 'others' as const, text: 'Other models', bytes: before }
  const parts = PARTS.map(({ name, text }) => ({ part: name, text, bytes: use[name] }))
  return {
    device: use.on.name,
    segments: [others, ...parts].flatMap(({ part, text, bytes }) =>
      bytes === 0 ? [] : [{ part, text, bytes, figure: figure(bytes), share: bytes / length }],
    ),
    limit: whole / length,
    over: use.bytes > use.free,
    text: `${figure(use.bytes)} of ${figure(use.free)}`,
  }
}

/** In powers of 1000, as machines and models are sold. */
export function figure(bytes: Bytes): string {
  return formatBytes(bytes, Math.abs(bytes) >= 99.95e6 ? 'GB' : 'MB')
}
