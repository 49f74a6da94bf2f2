import type { DeviceBytes, MemoryBudget } from '@berth/budget'
import type { Scheduler } from '@berth/scheduler'
import { usedNow, type DetectedDevices } from '../llama/index.js'

/** Asking a GPU takes a child process; the host's memory costs nothing. */
const EVERY_MS = { gpu: 60_000, host: 5_000 }

/**
 * Keeps the budget told of what others use. Only while no model is loaded is all that is in use somebody
 * else's: what of a mapped file counts as used cannot be told apart, and a guess would grant memory that is
 * not there.
 */
export function watchForeignMemory(
  detected: DetectedDevices,
  budget: MemoryBudget,
  scheduler: Scheduler,
  failed: (error: unknown) => void,
): Disposable {
  let known = detected.used
  let asking = false
  const look = async (): Promise<void> => {
    if (asking || scheduler.snapshot().runners.length > 0) return
    asking = true
    try {
      const used = await usedNow(detected)
      // A load may have begun meanwhile, and be in the figures.
      if (scheduler.snapshot().runners.length > 0 || same(used, known)) return
      known = used
      setForeign(budget, used)
      scheduler.memoryChanged()
    } catch (error) {
      failed(error)
    } finally {
      asking = false
    }
  }
  const timer = setInterval(() => void look(), detected.engine.gpu === false ? EVERY_MS.host : EVERY_MS.gpu)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

export function setForeign(budget: MemoryBudget, used: readonly DeviceBytes[]): void {
  for (const { device, bytes } of used) budget.setForeign(device, bytes)
}

const same = (a: readonly DeviceBytes[], b: readonly DeviceBytes[]): boolean =>
  a.every(({ device, bytes }, index) => b[index]?.device === device && b[index].bytes === bytes)
