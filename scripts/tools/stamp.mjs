// @ts-check
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DIST, ROOT } from './paths.mjs'

const STAMP = join(DIST, '.built-from')
const SOURCES = ['apps/server/src', 'packages', 'vite.config.ts', 'package-lock.json']
const SKIPPED = new Set(['node_modules', 'dist'])

/** A text that changes when any source of the build does: path, size and time of each. */
export function sourceStamp() {
  const hash = createHash('sha256').update(process.versions.node)
  for (const source of SOURCES) addFiles(hash, source)
  return hash.digest('hex')
}

/** Whether the build is of these sources. */
export function isBuilt() {
  try {
    return readFileSync(STAMP, 'utf8') === sourceStamp()
  } catch {
    return false
  }
}

/** @param {string} stamp taken before the build, so that what changes meanwhile is built next time */
export function writeStamp(stamp) {
  mkdirSync(dirname(STAMP), { recursive: true })
  writeFileSync(STAMP, stamp)
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} path relative to the repository
 */
function addFiles(hash, path) {
  const found = statSync(join(ROOT, path))
  if (!found.isDirectory()) {
    hash.update(`${path}\0${found.size}\0${found.mtimeMs}\0`)
    return
  }
  for (const name of readdirSync(join(ROOT, path)).toSorted()) {
    if (!SKIPPED.has(name) && !name.endsWith('.tsbuildinfo')) addFiles(hash, `${path}/${name}`)
  }
}
