import type { Bytes } from '@berth/budget'

/** Disk space of this origin. */
interface StorageFigures {
  readonly usedBytes: Bytes
  readonly quotaBytes: Bytes
  readonly persistent: boolean
}

/** What the browser says of this origin's disk space; null where it says nothing. Works in windows and workers. */
export async function readStorage(): Promise<StorageFigures | null> {
  // Absent without a secure context, whatever the types say.
  const { storage } = navigator as { readonly storage?: StorageManager }
  if (storage === undefined) return null
  try {
    const [{ usage = 0, quota = 0 }, persistent] = await Promise.all([
      storage.estimate(),
      storage.persisted(),
    ])
    return { usedBytes: usage, quotaBytes: quota, persistent }
  } catch {
    return null
  }
}
