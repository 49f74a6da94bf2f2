// @ts-check
import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { runCommand } from './run-command.mjs'

/** Names it goes by, the likeliest first. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * The Chromium that tests use: the one that BERTH_CHROMIUM names; without it this machine's, else Playwright's own.
 * @param {Readonly<Record<string, string | undefined>>} [env]
 * @returns {string | undefined} its program; undefined where there is none
 */
export function findChromium(env = process.env) {
  const { BERTH_CHROMIUM: named = '', PATH: path = '' } = env
  if (named !== '') return isProgram(named) ? named : undefined
  const folders = ['/usr/bin', ...path.split(delimiter).filter((folder) => folder !== '')]
  const candidates = [
    ...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))),
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    playwrightsOwn(),
  ]
  return candidates.find(isProgram)
}

/** Asked for when it is wanted: `npm test` reads this file before anything is installed. */
function playwrightsOwn() {
  /** @type {typeof import('@playwright/test')} */
  const { chromium } = createRequire(import.meta.url)('@playwright/test')
  return chromium.executablePath()
}

/**
 * Installs Debian's Chromium where there is none and this user may.
 * @returns {Promise<string | undefined>} why there is still none; undefined where there is one
 */
export async function ensureChromium() {
  if (findChromium() !== undefined) return undefined
  const named = process.env['BERTH_CHROMIUM'] ?? ''
  if (named !== '') return `BERTH_CHROMIUM is ${JSON.stringify(named)}, which is not a program`
  const advice =
    'install it (apt-get install chromium, or npx playwright install chromium) or name it in BERTH_CHROMIUM'
  const rights = await aptRights()
  if (rights === undefined) return `there is no Chromium on this machine: ${advice}`
  process.stderr.write('Installing Chromium for the browser tests (once, by apt-get)\n')
  for (const args of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'chromium'],
  ]) {
    const command = [...rights, 'apt-get', ...args]
    const { code, output } = await runCommand(command[0] ?? '', command.slice(1), {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    })
    if (code !== 0) {
      const said = output.trim().split('\n').at(-1) ?? ''
      return `apt-get could not install Chromium (${said}): ${advice}`
    }
  }
  return findChromium() === undefined
    ? `apt-get installed no Chromium that can be found: ${advice}`
    : undefined
}

/**
 * What has to stand before apt-get; undefined where this user may not install.
 * @returns {Promise<readonly string[] | undefined>}
 */
async function aptRights() {
  if (!isProgram('/usr/bin/apt-get')) return undefined
  if (process.getuid?.() === 0) return []
  const { code } = await runCommand('sudo', ['-n', 'true'])
  return code === 0 ? ['sudo', '-n'] : undefined
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
