import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { errorCode } from './error-code.js'

const POLL_MS = 150
/** A lock is written in one step, so that an unreadable one is a damaged one; it is left alone for so long. */
const DAMAGED_AFTER_MS = 10_000

/**
 * Runs `work` while no other process, and nobody else in this one, runs work under the same lock file.
 * The file names its holder's process id: a lock whose holder is dead is taken over. Two that take over
 * the same dead lock at the same instant may both go on: it saves doing work twice, and is not what keeps
 * the work right (files are written aside and renamed).
 * @throws the signal's reason when it aborts while waiting; whatever `work` throws.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  const mine = `${path}.${process.pid}.${randomUUID()}`
  await writeFile(mine, String(process.pid))
  try {
    while (!(await acquire(mine, path))) {
      await clearIfStale(path)
      await wait(POLL_MS, undefined, signal === undefined ? {} : { signal })
    }
  } finally {
    await rm(mine, { force: true })
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

/** Linking is atomic and fails where the name exists, and the linked file already has its holder's id in it. */
async function acquire(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

async function clearIfStale(path: string): Promise<void> {
  try {
    const holder = Number.parseInt(await readFile(path, 'utf8'), 10)
    const stale = Number.isNaN(holder)
      ? Date.now() - (await stat(path)).mtimeMs > DAMAGED_AFTER_MS
      : !isAlive(holder)
    if (stale) await rm(path, { force: true })
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}
