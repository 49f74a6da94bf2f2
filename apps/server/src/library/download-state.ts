import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'

/** A part of a download: bytes from `from` up to `to`, of which the first `done` are on the disk. */
export interface Part {
  readonly from: number
  readonly to: number
  done: number
}

const part = z.object({
  from: z.int().nonnegative(),
  to: z.int().positive(),
  done: z.int().nonnegative(),
})
const saved = z.array(part)

/** How a file is cut into parts that are downloaded side by side. */
export interface PartSizes {
  readonly parts: number
  readonly leastBytes: number
  readonly mostBytes: number
}

export function newParts(size: number, { parts, leastBytes, mostBytes }: PartSizes): Part[] {
  const bytes = Math.min(mostBytes, Math.max(leastBytes, Math.ceil(size / parts)))
  const all: Part[] = []
  for (let from = 0; from < size; from += bytes) all.push({ from, to: Math.min(size, from + bytes), done: 0 })
  return all
}

/** The parts as they were last saved; null where there are none, or they are not of a file of that size. */
export async function savedParts(path: string, size: number): Promise<Part[] | null> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    // Not there, or cut off by a crash of the machine: begun anew, nothing is lost but time.
    return null
  }
  const parsed = saved.safeParse(value)
  if (!parsed.success) return null
  const parts = parsed.data
  const joins = parts.every(({ from, to, done }, i) => {
    return from === (parts[i - 1]?.to ?? 0) && from < to && done <= to - from
  })
  return joins && parts.at(-1)?.to === size ? parts : null
}

/** Written aside and renamed: a reader finds the old state or the new one. It may be behind the file, never before it. */
export async function saveParts(path: string, parts: readonly Part[]): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await writeFile(aside, JSON.stringify(parts))
    await rename(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
}

/** Removes a state that is no longer wanted, and what is left of saves in whose middle a process was killed. */
export async function removeParts(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(basename(path))) await rm(join(dirname(path), name), { force: true })
  }
}
