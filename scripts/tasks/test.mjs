// @ts-check
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COUNTS_FILE } from '../tools/counting-reporter.mjs'
import { orExplain } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { ROOT, tool } from '../tools/paths.mjs'
import { runCommand } from '../tools/run-command.mjs'
import { ensureBuilt } from './build.mjs'
import { runChecks } from './check.mjs'

/**
 * `npm test`: installs and builds what is missing, gets the model that tests need, runs the checks and
 * then the tests. The last line counts both: each check is one.
 * @param {readonly string[]} args vitest's: folders, names of tests
 */
export async function run(args) {
  await orExplain(async () => {
    await ensureInstalled()
    await ensureBuilt()
    await fetchModel()
    process.stdout.write('\nChecks\n')
    const checks = await runChecks()
    const tests = await runTests(args)
    const passed = checks.filter((check) => check.passed).length + tests.passed
    const failed = checks.filter((check) => !check.passed).length + tests.failed
    for (const { name, reason } of tests.skipped) process.stdout.write(`skipped: ${name}: ${reason}\n`)
    process.stdout.write(`${passed} passed, ${failed} failed, ${tests.skipped.length} skipped\n`)
    if (failed > 0) process.exitCode = 1
  })
}

/** Once here, and not in the middle of the first test that needs it. Without it those tests fail, and the others tell all the same. */
async function fetchModel() {
  const { code, output } = await runCommand(
    process.execPath,
    ['--import', 'tsx', '-C', 'berth-source', 'test/models/fetch.ts'],
    {
      show: true,
    },
  )
  if (code !== 0 && output === '') process.stdout.write(`fetching the test model ended with ${code}\n`)
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<import('../tools/counting-reporter.mjs').Counts>}
 */
async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-counts-'))
  const counts = join(folder, 'counts.json')
  try {
    const reporter = join(ROOT, 'scripts', 'tools', 'counting-reporter.mjs')
    const { code } = await runCommand(
      tool('vitest'),
      ['run', '--reporter=default', `--reporter=${reporter}`, ...args],
      { show: true, env: { [COUNTS_FILE]: counts } },
    )
    /** @type {import('../tools/counting-reporter.mjs').Counts} */
    const counted = JSON.parse(readFileSync(counts, 'utf8'))
    // What vitest counts as a failure, and this has not seen, is one all the same.
    return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted
  } catch {
    process.stdout.write('vitest ended without a report\n')
    return { passed: 0, failed: 1, skipped: [] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
