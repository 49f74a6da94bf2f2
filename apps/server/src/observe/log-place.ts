import { fstatSync, readlinkSync } from 'node:fs'

/** Where a process's log goes. */
export interface LogPlace {
  readonly kind: 'file' | 'journal' | 'terminal' | 'pipe' | 'nowhere' | 'unknown'
  /** Of a file, where the system tells it. */
  readonly path?: string
}

/** Standard output, which the log is written to. */
const STDOUT = 1

/** Where this process's log goes: what its standard output is. */
export function logPlace(env: Readonly<Record<string, string | undefined>> = process.env): LogPlace {
  try {
    const stats = fstatSync(STDOUT)
    // systemd says which file is its journal's: a variable alone is inherited by whatever is started there.
    if (env['JOURNAL_STREAM'] === `${stats.dev}:${stats.ino}`) return { kind: 'journal' }
    if (stats.isFile()) return fileAt(`/proc/self/fd/${STDOUT}`)
    if (stats.isFIFO() || stats.isSocket()) return { kind: 'pipe' }
    if (stats.isCharacterDevice()) return { kind: process.stdout.isTTY ? 'terminal' : 'nowhere' }
  } catch {
    // A closed standard output.
    return { kind: 'nowhere' }
  }
  return { kind: 'unknown' }
}

function fileAt(link: string): LogPlace {
  try {
    return { kind: 'file', path: readlinkSync(link) }
  } catch {
    // Only Linux tells a file's name.
    return { kind: 'file' }
  }
}
