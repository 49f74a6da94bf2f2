import { bytesOf, formatBytes } from '@berth/budget'
import type { DeviceRoom, Verdict } from '@berth/budget'
import type { Fit } from './contract.js'

/** Of a device, less than this left over is little to spare: estimates are off by some. */
const SPARE = 0.15

/** A verdict of `place` against the empty machine, for people. */
export function fitOf(verdict: Verdict, empty: readonly DeviceRoom[]): Fit {
  if (!verdict.fits) {
    const [helps] = verdict.advice
    return {
      verdict: 'does-not-fit',
      why: helps === undefined ? verdict.reason : `${verdict.reason}; ${helps}`,
    }
  }
  const needs = empty
    .map(({ device, free }) => ({ device, free, needed: bytesOf(verdict.placement.bytes, device.id) }))
    .filter(({ needed }) => needed > 0)
  const why = needs.map(
    ({ device, free, needed }) => `needs ${formatBytes(needed)} of ${formatBytes(free)} on ${device.name}`,
  )
  const tight = needs.some(({ free, needed }) => needed > free * (1 - SPARE))
  return { verdict: tight ? 'tight' : 'fits', why: why.join(', ') }
}

/** What a model lacks that no download can bring. */
export function unfit(why: string): Fit {
  return { verdict: 'does-not-fit', why }
}
