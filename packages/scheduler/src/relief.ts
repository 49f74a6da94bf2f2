import type { DeviceUsage } from '@berth/budget'
import { victims, type EvictionRule } from './eviction.js'
import type { RunnerEntry } from './runner-entry.js'

/** Which idle runners leave for devices of which more is taken than there is, and why; what those that leave already have counts as given back. */
export function relief(
  usages: readonly DeviceUsage[],
  entries: Iterable<RunnerEntry>,
  rule: EvictionRule<RunnerEntry>,
): readonly { readonly entry: RunnerEntry; readonly why: string }[] {
  const all = [...entries]
  const leaving = new Set(all.filter((entry) => entry.state === 'unloading'))
  const chosen: { entry: RunnerEntry; why: string }[] = []
  for (const { device, overdrawn } of usages) {
    if (overdrawn <= 0) continue
    let over = overdrawn
    for (const entry of leaving) over -= bytesOn(device.id, entry)
    for (const entry of victims(all, 'ready', rule)) {
      if (over <= 0) break
      const bytes = bytesOn(device.id, entry)
      if (bytes === 0 || leaving.has(entry)) continue
      over -= bytes
      leaving.add(entry)
      chosen.push({ entry, why: `${device.name} is overdrawn: ${rule.why(entry)}` })
    }
  }
  return chosen
}

function bytesOn(device: string, { reservation }: RunnerEntry): number {
  return reservation.bytes.find((each) => each.device === device)?.bytes ?? 0
}
