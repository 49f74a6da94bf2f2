import { cpus } from 'node:os'

/** How busy the machine's cores are, whoever keeps them so. */
export interface MachineLoad {
  readonly cores: number
  /** From 0 to 1, since it was read before. */
  readonly busy: number
}

/** Begins to measure; each call tells of the time since the one before. */
export function measureMachineLoad(): () => MachineLoad {
  let before = times()
  return () => {
    const now = times()
    const total = now.total - before.total
    const busy = total <= 0 ? 0 : 1 - (now.idle - before.idle) / total
    before = now
    return { cores: now.cores, busy: Math.min(1, Math.max(0, busy)) }
  }
}

function times(): { readonly cores: number; readonly idle: number; readonly total: number } {
  const all = cpus()
  let idle = 0
  let total = 0
  for (const { times: spent } of all) {
    idle += spent.idle
    total += spent.user + spent.nice + spent.sys + spent.idle + spent.irq
  }
  return { cores: all.length, idle, total }
}
