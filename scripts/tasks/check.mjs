// @ts-check
import { orExplain } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { ROOT, tool } from '../tools/paths.mjs'
import { runCommand } from '../tools/run-command.mjs'

/**
 * @typedef {object} CheckResult
 * @property {string} name
 * @property {boolean} passed
 */

/** Each gives what is wrong, or an empty text. */
const CHECKS = {
  'format (prettier)': command('prettier', ['--check', '--cache', '--log-level', 'warn', '.']),
  'lint (oxlint)': command('oxlint', ['--type-aware', '--quiet']),
  'types (tsc)': command('tsc', ['-b', '--pretty']),
  'imports between rooms': async () => {
    const { findViolations } = await import('../tools/boundaries.mjs')
    return findViolations(ROOT.replaceAll('\\', '/')).join('\n')
  },
  'unused code (knip)': command('knip', []),
}

/** `npm run check`: everything that can be told without running the code. */
export async function run() {
  await orExplain(async () => {
    await ensureInstalled()
    const results = await runChecks()
    if (results.some(({ passed }) => !passed)) process.exitCode = 1
  })
}

/**
 * Runs all checks, whatever the earlier ones say, and prints a line for each, with what is wrong below it.
 * @returns {Promise<CheckResult[]>}
 */
export async function runChecks() {
  /** @type {CheckResult[]} */
  const results = []
  for (const [name, check] of Object.entries(CHECKS)) {
    const started = performance.now()
    const wrong = await check()
    const passed = wrong === ''
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    process.stdout.write(
      ` ${passed ? '✓' : '×'} ${name} ${seconds} s\n${passed ? '' : `${wrong.trimEnd()}\n`}`,
    )
    results.push({ name, passed })
  }
  return results
}

/**
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {() => Promise<string>}
 */
function command(name, args) {
  return async () => {
    const { code, output } = await runCommand(tool(name), args)
    return code === 0 ? '' : output || `${name} ended with ${code}`
  }
}
