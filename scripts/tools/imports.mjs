// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { parseSync } from 'oxc-parser'

/**
 * @typedef {object} Import
 * @property {string} from the importing file, relative to the root, with forward slashes
 * @property {string} to a package's name, or a file in the same form
 * @property {number} line
 * @property {boolean} typesOnly vanishes when compiled
 * @property {boolean} [asUrl] not imported, but named by its address: a worker's script
 */

/**
 * Every import in the tree, of files and of packages.
 * @param {string} root the repository's folder, with forward slashes
 * @returns {Import[]}
 */
export function readImports(root) {
  return sourceFiles(root).flatMap((file) => importsOf(root, file))
}

/**
 * TypeScript files, relative to the root.
 * @param {string} root
 * @param {readonly string[]} folders
 * @returns {string[]}
 */
function sourceFiles(root, folders = ['apps', 'packages', 'test', 'bench']) {
  return folders.flatMap((folder) => {
    if (!existsSync(posix.join(root, folder))) return []
    const entries = readdirSync(posix.join(root, folder), { withFileTypes: true })
    return entries.flatMap((entry) => {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        return ['node_modules', 'dist'].includes(entry.name) ? [] : sourceFiles(root, [path])
      }
      return /\.[mc]?tsx?$/.test(entry.name) ? [path] : []
    })
  })
}

/**
 * Static and dynamic imports and re-exports, those of types among them, and the addresses of workers' scripts.
 * @param {string} root
 * @param {string} from
 * @returns {Import[]}
 */
function importsOf(root, from) {
  const source = readFileSync(posix.join(root, from), 'utf8')
  const { module } = parseSync(from, source)
  const requests = [
    ...module.staticImports.map(({ moduleRequest, entries }) => ({
      ...moduleRequest,
      typesOnly: entries.length > 0 && entries.every((entry) => entry.isType),
    })),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.map(({ moduleRequest, isType }) => ({ ...moduleRequest, typesOnly: isType })),
    ),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => ({
      start,
      value: source.slice(start, end).replaceAll(/^['"`]|['"`]$/g, ''),
      typesOnly: false,
    })),
  ]
  /** @type {Map<string, Import>} */
  const found = new Map()
  for (const { start, value, typesOnly } of requests) {
    if (value === undefined) continue // an export of something made right here
    const to = value.startsWith('.') ? resolveFile(root, from, value) : value
    const before = found.get(to)
    if (before === undefined) {
      found.set(to, { from, to, typesOnly, line: lineOf(source, start ?? 0) })
    } else {
      before.typesOnly &&= typesOnly
    }
  }
  const scripts = [...source.matchAll(WORKER_SCRIPT)].map(({ index, 1: path = '' }) => ({
    from,
    to: resolveFile(root, from, path),
    typesOnly: false,
    asUrl: true,
    line: lineOf(source, index),
  }))
  return [...found.values(), ...scripts]
}

/** Vite builds what is named so. */
const WORKER_SCRIPT = /new URL\(\s*['"`]([^'"`]+\.[jt]sx?)['"`],\s*import\.meta\.url/g

/**
 * @param {string} source
 * @param {number} index
 */
function lineOf(source, index) {
  return source.slice(0, index).split('\n').length
}

/**
 * Imports are written with the name that the compiled file would have, and may say how to build it (`?raw`).
 * @param {string} root
 * @param {string} from
 * @param {string} specifier
 */
function resolveFile(root, from, specifier) {
  const path = posix.join(posix.dirname(from), specifier.replace(/\?.*$/, ''))
  const script = path.replace(/\.js$/, '.ts')
  return !existsSync(posix.join(root, script)) && existsSync(posix.join(root, `${script}x`))
    ? `${script}x`
    : script
}
