// @ts-check
import { rmSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { orExplain, SetupError } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { DIST, ROOT, tool, WEB_DIST } from '../tools/paths.mjs'
import { runCommand } from '../tools/run-command.mjs'
import { isBuilt, sourceStamp, writeStamp } from '../tools/stamp.mjs'

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {string} folder where it goes
 * @property {readonly string[]} sources
 * @property {() => Promise<void>} build
 */

/** @type {readonly Target[]} */
const TARGETS = [
  {
    name: 'the server',
    folder: DIST,
    sources: ['apps/server/src', 'packages', 'vite.config.ts', 'package-lock.json'],
    build: () => buildServer(DIST),
  },
  {
    name: 'the page',
    folder: WEB_DIST,
    sources: ['apps/web', 'packages', 'package-lock.json'],
    build: buildPage,
  },
]

/** `npm run build`: builds server and page, whether or not they are stale. */
export async function run() {
  await orExplain(async () => {
    await ensureInstalled()
    for (const target of TARGETS) await build(target)
  })
}

/** Builds what is older than its sources. */
export async function ensureBuilt() {
  for (const target of TARGETS) {
    if (!isBuilt(target.folder, target.sources)) await build(target)
  }
}

/** @param {Target} target */
async function build({ name, folder, sources, build: make }) {
  const stamp = sourceStamp(sources)
  process.stderr.write(`Building ${name}\n`)
  await make()
  writeStamp(folder, stamp)
}

/** @param {string} folder */
export async function buildServer(folder) {
  await vite(['--outDir', folder])
}

/** Aside first: who is served the old page meanwhile finds all of its files. */
async function buildPage() {
  const aside = join(ROOT, 'apps', 'web', '.cache', `build-${process.pid}`)
  try {
    await vite(['apps/web', '--config', 'apps/web/vite.config.ts', '--outDir', aside, '--emptyOutDir'])
    rmSync(WEB_DIST, { recursive: true, force: true })
    renameSync(aside, WEB_DIST)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

/**
 * @param {readonly string[]} args
 * @throws {SetupError} with vite's own words
 */
async function vite(args) {
  const { code, output } = await runCommand(tool('vite'), ['build', '--logLevel', 'warn', ...args])
  // Where it succeeds, all there is to say is how long its plugins took.
  if (code !== 0) throw new SetupError(`The build failed:\n${output}`)
}
