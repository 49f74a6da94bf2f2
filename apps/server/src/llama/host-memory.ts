import { readFile } from 'node:fs/promises'
import { freemem, totalmem } from 'node:os'
import type { Bytes } from '@berth/budget'

/** Memory that this process may use, and how much of it is in use by anybody. */
export interface HostMemory {
  readonly capacity: Bytes
  readonly used: Bytes
}

type ReadText = (path: string) => Promise<string | null>

/**
 * The machine's memory, or the control group's where that is less. What the kernel can give back at once
 * (the page cache, mapped files) does not count as used.
 */
export async function hostMemory(read: ReadText = readText): Promise<HostMemory> {
  const machine = { capacity: totalmem(), used: totalmem() - (await available(read)) }
  const group = (await groupV2(read)) ?? (await groupV1(read))
  if (group === null || group.capacity >= machine.capacity) return machine
  return { capacity: group.capacity, used: Math.min(group.capacity, group.used) }
}

/** Linux tells what is available; elsewhere free memory has to do. */
async function available(read: ReadText): Promise<Bytes> {
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec((await read('/proc/meminfo')) ?? '')?.[1]
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024
}

async function groupV2(read: ReadText): Promise<HostMemory | null> {
  const own = /^0::(\/.*)$/m.exec((await read('/proc/self/cgroup')) ?? '')?.[1]
  if (own === undefined) return null
  let least: HostMemory | null = null
  // A limit anywhere above holds as well.
  for (let path = own.replace(/\/$/, ''); ; path = path.slice(0, path.lastIndexOf('/'))) {
    const folder = `/sys/fs/cgroup${path}`
    const limit = await number(read, `${folder}/memory.max`)
    if (limit !== null && (least === null || limit < least.capacity)) {
      const current = (await number(read, `${folder}/memory.current`)) ?? 0
      const files = fieldOf(await read(`${folder}/memory.stat`), 'inactive_file')
      least = { capacity: limit, used: Math.max(0, current - files) }
    }
    if (path === '') return least
  }
}

async function groupV1(read: ReadText): Promise<HostMemory | null> {
  const folder = '/sys/fs/cgroup/memory'
  const limit = await number(read, `${folder}/memory.limit_in_bytes`)
  if (limit === null) return null
  const current = (await number(read, `${folder}/memory.usage_in_bytes`)) ?? 0
  const files = fieldOf(await read(`${folder}/memory.stat`), 'total_inactive_file')
  return { capacity: limit, used: Math.max(0, current - files) }
}

/** Null where there is no number, as in "max". */
async function number(read: ReadText, path: string): Promise<number | null> {
  const text = await read(path)
  return text !== null && /^\d+\s*$/.test(text) ? Number(text) : null
}

function fieldOf(text: string | null, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text ?? '')?.[1] ?? 0)
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return null
  }
}
