import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { formatBytes } from '@berth/budget'
import { errorCode } from './error-code.js'
import { StoreError } from './store-error.js'

/** Room that a download leaves on a disk, so that the rest of the system keeps working. */
const SPARE_BYTES = 64 * 1024 * 1024

/**
 * Looks whether so many bytes fit on the disk that holds the folder, which need not be there yet.
 * @throws StoreError `no-disk-space` that says how much is there, how much is needed, and what to do.
 */
export async function requireDiskSpace(folder: string, bytes: number, what: string): Promise<void> {
  const free = await freeBytes(folder)
  if (free >= bytes + SPARE_BYTES) return
  throw new StoreError(
    'no-disk-space',
    `there is no room for ${what}: it needs ${formatBytes(bytes + SPARE_BYTES)} and the disk of ${folder} has ${formatBytes(free)} free; free some, or set BERTH_MODELS to a folder on another disk`,
  )
}

async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && dirname(folder) !== folder) return await freeBytes(dirname(folder))
    throw error
  }
}
