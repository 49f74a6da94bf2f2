// @ts-check
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from './fail.mjs'
import { ROOT } from './paths.mjs'
import { runCommand } from './run-command.mjs'

/** What node_modules takes with every prebuilt engine of one platform, and npm's cache beside it. */
const INSTALL_BYTES = 2e9

/**
 * Installs what the lockfile says where something of it is missing.
 * @throws {SetupError} one sentence: no disk space, no network, or npm's own words
 */
export async function ensureInstalled() {
  if (isInstalled(ROOT)) return
  const { bavail, bsize } = statfsSync(ROOT)
  const tooLittle = explainRoom(bavail * bsize)
  if (tooLittle !== undefined) throw new SetupError(tooLittle)
  process.stderr.write('Installing what is missing (once, from the lockfile)\n')
  const quick = ['--no-audit', '--no-fund', '--fetch-retries=1', '--fetch-retry-mintimeout=2000']
  const { code, output } = await runCommand('npm', ['ci', ...quick], {
    show: true,
    // The engines come prebuilt as npm packages; without this the engine's package would look for others.
    env: { NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true' },
  })
  if (code !== 0) throw new SetupError(explainInstall(output))
}

/**
 * Why there is too little room to install; undefined where there is enough.
 * @param {number} freeBytes on the repository's disk
 */
export function explainRoom(freeBytes) {
  if (freeBytes >= INSTALL_BYTES) return undefined
  return `There is too little room to install: ${gigabytes(freeBytes)} are free on the disk of ${ROOT}, and about ${gigabytes(INSTALL_BYTES)} are needed; free some and try again.`
}

/**
 * Whether node_modules holds what the lockfile asks for, by npm's own record of what it installed.
 * Optional packages may be missing: they are another platform's.
 * @param {string} root
 */
export function isInstalled(root) {
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const there = packagesOf(installed)
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    // The workspaces' own folders are listed too; their packages may have a node_modules of their own.
    if (!path.includes('node_modules/') || link) return true
    const found = there[path]
    return found === undefined ? optional === true : found.version === version
  })
}

/**
 * @param {string} path of a lockfile
 * @returns {Record<string, { version?: string, optional?: boolean, link?: boolean }>}
 */
function packagesOf(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages ?? {}
}

/**
 * One sentence for why npm failed and what to do.
 * @param {string} output npm's
 */
export function explainInstall(output) {
  if (/ENOSPC/.test(output)) {
    return `The disk became full while installing: free about ${gigabytes(INSTALL_BYTES)} on the disk of ${ROOT} and try again.`
  }
  const network =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/.exec(output)
  if (network !== null) {
    return `The npm registry cannot be reached (${network[1]}): check the network connection, or npm's registry and proxy settings, and try again.`
  }
  if (/\bEUSAGE\b/.test(output)) {
    return 'package.json and package-lock.json do not fit together: run npm install once and try again.'
  }
  if (/npm: .*ENOENT/.test(output))
    return 'There is no npm on this machine: install it with Node.js and try again.'
  if (/EACCES|EPERM/.test(output))
    return `npm may not write into ${ROOT}: give yourself the right to, and try again.`
  return 'npm ci did not succeed; what it says above tells why.'
}

/** @param {number} bytes */
function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
