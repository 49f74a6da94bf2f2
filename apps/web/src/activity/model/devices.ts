import type { DeviceUsage } from '@berth/budget'
import type { DeviceView, RunnerView } from './views.js'

/** What is taken of each memory, by what the runners hold now: `usage` is of the last snapshot, which is older. */
export function deviceViews(
  usage: readonly DeviceUsage[],
  runners: Iterable<RunnerView>,
): readonly DeviceView[] {
  const all = [...runners]
  return usage.map(({ device, capacity, usable, foreign }) => {
    let measured = 0
    let reserved = 0
    for (const runner of all) {
      for (const part of runner.bytes) {
        if (part.device !== device.id) continue
        if (runner.measured) measured += part.bytes
        else reserved += part.bytes
      }
    }
    return {
      id: device.id,
      name: device.name,
      kind: device.kind,
      capacity,
      usable,
      measured,
      reserved,
      foreign,
    }
  })
}
