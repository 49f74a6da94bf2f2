// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { parseSync } from 'oxc-parser'
import { PACKAGES, TEST_TOOLS, SERVER_ROOMS, SERVER_SHARED } from './rooms.mjs'

const SERVER = 'apps/server/src'

/**
 * @typedef {object} Import
 * @property {string} from the importing file, relative to the root, with forward slashes
 * @property {string} to a package's name, or a file in the same form
 * @property {number} line
 * @property {boolean} typesOnly vanishes when compiled
 */

/**
 * Every import in the tree that the rooms do not allow, in words; empty where all is well.
 * @param {string} root the repository's folder, with forward slashes
 * @returns {string[]}
 */
export function findViolations(root) {
  const imports = sourceFiles(root).flatMap((file) => importsOf(root, file))
  const broken = imports.flatMap((each) => {
    const why = judge(each)
    return why === undefined ? [] : [`${each.from}:${each.line}: imports ${each.to}: ${why}`]
  })
  return [...broken, ...findCycles(imports)]
}

/**
 * Why an import is wrong; undefined for one that is right.
 * @param {Import} each
 * @returns {string | undefined}
 */
function judge({ from, to }) {
  const home = packageOf(from)
  if (to.startsWith('@berth/')) {
    const name = to.split('/').slice(0, 2).join('/')
    if (to !== name && !(isIn(TEST_TOOLS, to) && /^(test|bench)\//.test(from))) {
      return `only ${name} itself may be imported, nothing inside it`
    }
    if (home === undefined) return undefined
    if (home === name) return 'a package does not import itself by name'
    const allowed = PACKAGES[home] ?? []
    return isIn(allowed, name) ? undefined : `${home} may import ${listed(allowed)} of ours`
  }
  if (home !== undefined) {
    if (to.startsWith('node:')) return 'packages run in browsers too and know nothing of Node'
    return isFile(to) && packageOf(to) !== home ? 'a package imports others by name' : undefined
  }
  if (!isFile(to)) return undefined
  if (packageOf(to) !== undefined) {
    return isTestOf(from, to) ? undefined : 'packages are imported by name'
  }
  if (from.startsWith(`${SERVER}/`)) return judgeServer(from, to)
  return undefined
}

/**
 * @param {string} from
 * @param {string} to
 */
function judgeServer(from, to) {
  if (!to.startsWith(`${SERVER}/`))
    return 'the server imports nothing from outside its own folder but packages'
  const [here, there] = [roomOf(from), roomOf(to)]
  if (here === there) return undefined
  if (there === undefined) {
    const file = posix.basename(to)
    return isIn(SERVER_SHARED, file) ? undefined : `${file} does the wiring; nothing imports it`
  }
  if (to !== `${SERVER}/${there}/index.ts`) return `the room ${there} is entered through its index.ts`
  if (here === undefined) return undefined
  const allowed = SERVER_ROOMS[here]
  if (allowed === undefined) return `the room ${here} is not known to scripts/tools/rooms.mjs`
  return isIn(allowed, there) ? undefined : `the room ${here} may import ${listed(allowed)}`
}

/**
 * Files that import each other in a circle, one line a circle. Types may: they are gone when it runs.
 * @param {readonly Import[]} imports
 * @returns {string[]}
 */
function findCycles(imports) {
  /** @type {Map<string, string[]>} */
  const next = new Map()
  for (const { from, to, typesOnly } of imports)
    if (isFile(to) && !typesOnly) next.set(from, [...(next.get(from) ?? []), to])
  /** @type {Set<string>} */
  const done = new Set()
  /** @type {string[]} */
  const cycles = []
  /**
   * @param {string} file
   * @param {readonly string[]} path
   */
  const visit = (file, path) => {
    const at = path.indexOf(file)
    if (at >= 0) cycles.push(`imports in a circle: ${[...path.slice(at), file].join(' -> ')}`)
    if (at >= 0 || done.has(file)) return
    for (const to of next.get(file) ?? []) visit(to, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) visit(file, [])
  return cycles
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
 * Static and dynamic imports and re-exports, those of types among them.
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
    const to = value.startsWith('.') ? resolveFile(from, value) : value
    const before = found.get(to)
    if (before === undefined) {
      found.set(to, { from, to, typesOnly, line: source.slice(0, start).split('\n').length })
    } else {
      before.typesOnly &&= typesOnly
    }
  }
  return [...found.values()]
}

/**
 * Imports are written with the name that the compiled file would have.
 * @param {string} from
 * @param {string} specifier
 */
function resolveFile(from, specifier) {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts')
}

/** @param {string} to */
function isFile(to) {
  return /^(apps|packages|test|bench|scripts)\//.test(to)
}

/**
 * The package of ours that a file is in.
 * @param {string} file
 */
function packageOf(file) {
  const name = /^packages\/([^/]+)\//.exec(file)?.[1]
  return name === undefined ? undefined : `@berth/${name}`
}

/**
 * Tests of a package may look at its parts: test/budget at packages/budget.
 * @param {string} from
 * @param {string} to
 */
function isTestOf(from, to) {
  const area = /^test\/([^/]+)\//.exec(from)?.[1]
  return area !== undefined && packageOf(to) === `@berth/${area}`
}

/**
 * The room of the server that a file is in; undefined for one at the top.
 * @param {string} file
 */
function roomOf(file) {
  const [first, ...rest] = file.slice(SERVER.length + 1).split('/')
  return rest.length === 0 ? undefined : first
}

/**
 * @param {readonly string[]} list
 * @param {string} item
 */
function isIn(list, item) {
  return list.includes(item)
}

/** @param {readonly string[]} names */
function listed(names) {
  return names.length === 0 ? 'nothing' : names.join(', ')
}
