import { open, stat } from 'node:fs/promises'
import type { GgufSource } from '@berth/protocol'
import { errorCode } from './error-code.js'

/** A file on disk. Rejects with an Error whose message says what is wrong with it. */
export async function fileSource(path: string): Promise<GgufSource> {
  const { size, isFile } = await stat(path).then(
    (found) => ({ size: found.size, isFile: found.isFile() }),
    (error: unknown) => {
      throw new Error(unreadable(error), { cause: error })
    },
  )
  if (!isFile) throw new Error('it is a directory or a device, a file is needed')
  if (size === 0) throw new Error('the file is empty')
  return {
    size,
    // Opened anew for each range: a head is read in a few of them, and nobody has to remember to close it.
    read: async (start, end) => {
      const length = Math.max(0, Math.min(end, size) - start)
      const bytes = new Uint8Array(length)
      if (length === 0) return bytes
      const file = await open(path, 'r').catch((error: unknown) => {
        throw new Error(unreadable(error), { cause: error })
      })
      try {
        const { bytesRead } = await file.read(bytes, 0, length, start)
        return bytes.subarray(0, bytesRead)
      } finally {
        await file.close()
      }
    },
  }
}

function unreadable(error: unknown): string {
  const code = errorCode(error)
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'there is no permission to read the file'
  return `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`
}
