// @ts-check
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './paths.mjs'

const STAMP = '.built-from'
const SKIPPED = new Set(['node_modules', 'dist', '.cache'])

/**
 * A text that changes when any of the sources does: path, size and time of each.
 * @param {readonly string[]} sources files and folders, relative to the repository
 */
export function sourceStamp(sources) {
  const hash = createHash('sha256').update(process.versions.node)
  for (const source of sources) addFiles(hash, source)
  return hash.digest('hex')
}

/**
 * Whether what is in a folder was built from these sources.
 * @param {string} folder
 * @param {readonly string[]} sources
 */
export function isBuilt(folder, sources) {
  try {
    return readFileSync(join(folder, STAMP), 'utf8') === sourceStamp(sources)
  } catch {
    return false
  }
}

/**
 * @param {string} folder
 * @param {string} stamp taken before the build, so that what changes meanwhile is built next time
 */
export function writeStamp(folder, stamp) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, STAMP), stamp)
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
