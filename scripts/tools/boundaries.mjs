// @ts-check
import { posix } from 'node:path'
import { readImports } from './imports.mjs'
import { APPS, ENTRANCES, PACKAGES, TEST_TOOLS } from './rooms.mjs'

/** @typedef {import('./imports.mjs').Import} Import */

/**
 * Every import in the tree that the rooms do not allow, in words; empty where all is well.
 * @param {string} root the repository's folder, with forward slashes
 * @returns {string[]}
 */
export function findViolations(root) {
  const imports = readImports(root)
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
function judge(each) {
  const { from, to } = each
  const home = packageOf(from)
  if (to.startsWith('@berth/')) {
    const name = to.split('/').slice(0, 2).join('/')
    if (to !== name && !isIn(ENTRANCES, to) && !(isIn(TEST_TOOLS, to) && /^(test|bench)\//.test(from))) {
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
  return appOf(from) === undefined ? undefined : judgeApp(each)
}

/**
 * @param {Import} each from an app to a file
 * @returns {string | undefined}
 */
function judgeApp({ from, to, typesOnly, asUrl = false }) {
  const app = appOf(from) ?? ''
  const source = `apps/${app}/src`
  if (!to.startsWith(`${source}/`)) return `apps/${app} imports nothing from outside its own src but packages`
  const { rooms, types = {}, shared = [], workers = {} } = APPS[app] ?? { rooms: {} }
  const [here, there] = [roomOf(from), roomOf(to)]
  if (here === there) return undefined
  if (there === undefined) {
    const file = posix.basename(to)
    return isIn(shared, file) ? undefined : `${file} does the wiring; nothing imports it`
  }
  const inside = to.slice(source.length + 1)
  if (asUrl && workers[inside] === here) return undefined
  if (inside !== `${there}/index.ts`) return `the room ${there} is entered through its index.ts`
  if (here === undefined) return undefined
  const allowed = rooms[here]
  if (allowed === undefined) return `the room ${here} is not known to scripts/tools/rooms.mjs`
  if (isIn(allowed, there)) return undefined
  const typesOf = types[here] ?? []
  if (!isIn(typesOf, there)) return `the room ${here} may import ${listed([...allowed, ...typesOf])}`
  return typesOnly ? undefined : `the room ${here} may import only types of ${there}`
}

/**
 * Files that import each other in a circle, one line a circle. Types may: they are gone when it runs.
 * @param {readonly Import[]} imports
 * @returns {string[]}
 */
function findCycles(imports) {
  /** @type {Map<string, string[]>} */
  const next = new Map()
  for (const { from, to, typesOnly, asUrl } of imports)
    if (isFile(to) && !typesOnly && !asUrl) next.set(from, [...(next.get(from) ?? []), to])
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
 * The app that a file is of.
 * @param {string} file
 */
function appOf(file) {
  return /^apps\/([^/]+)\/src\//.exec(file)?.[1]
}

/**
 * The room that an app's file is in; undefined for one at the top of src.
 * @param {string} file
 */
function roomOf(file) {
  return /^apps\/[^/]+\/src\/([^/]+)\//.exec(file)?.[1]
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
