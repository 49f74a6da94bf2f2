// @ts-check
import { join } from 'node:path'
import { ensureChromium } from '../tools/chromium.mjs'
import { countedRun } from '../tools/counts.mjs'
import { orExplain } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { ROOT, tool } from '../tools/paths.mjs'
import { runCommand } from '../tools/run-command.mjs'
import { readTestArguments } from '../tools/test-arguments.mjs'
import { ensureBuilt } from './build.mjs'
import { runChecks } from './check.mjs'

/** @typedef {import('../tools/counts.mjs').Counts} Counts */

/**
 * `npm test`: installs and builds what is missing, gets the model and the browser that tests need, runs the
 * checks, then vitest's tests and Playwright's. The last line counts all of them: each check is one.
 * @param {readonly string[]} args folders and files; -t and a part of tests' names; what else vitest takes
 */
export async function run(args) {
  await orExplain(async () => {
    const wanted = readTestArguments(args)
    await ensureInstalled()
    await ensureBuilt()
    await fetchModel()
    const noBrowser = await ensureChromium()
    if (noBrowser !== undefined) process.stdout.write(`The browser tests are skipped: ${noBrowser}\n`)
    const webModel = makeWebModel()
    process.stdout.write('\nChecks\n')
    const checks = await runChecks()
    const vitest = await runVitest(wanted.vitest, noBrowser)
    process.stdout.write((await webModel).output)
    const playwright = await runPlaywright(wanted.playwright)
    const all = [
      {
        passed: checks.filter(({ passed }) => passed).length,
        failed: checks.filter(({ passed }) => !passed).length,
        skipped: [],
      },
      vitest,
      playwright,
    ]
    const skipped = all.flatMap((each) => each.skipped)
    const [passed, failed] = [sum(all, 'passed'), sum(all, 'failed')]
    // Who asks for tests by name knows that the others are left out.
    for (const { name, reason } of wanted.byName ? [] : skipped) {
      process.stdout.write(`skipped: ${name}: ${reason}\n`)
    }
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped.length} skipped\n`)
    if (failed > 0) process.exitCode = 1
  })
}

/**
 * @param {readonly Counts[]} all
 * @param {'passed' | 'failed'} what
 */
function sum(all, what) {
  return all.reduce((total, counts) => total + counts[what], 0)
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

/** While checks and vitest's tests run: on a fresh machine it takes minutes, and browser tests have their time limits. */
function makeWebModel() {
  const script = 'test/models/make-web-model.ts'
  return runCommand(process.execPath, ['--import', 'tsx', '-C', 'berth-source', script])
}

/**
 * @param {readonly string[]} args
 * @param {string | undefined} noBrowser why there is none
 * @returns {Promise<Counts>}
 */
async function runVitest(args, noBrowser) {
  const reporter = join(ROOT, 'scripts', 'tools', 'counting-reporter.mjs')
  const reporters = ['--reporter=default', `--reporter=${reporter}`]
  const projects = noBrowser === undefined ? [] : ['--project=!browser']
  const counts = await countedRun('vitest', (env) =>
    runCommand(tool('vitest'), ['run', '--passWithNoTests', ...reporters, ...projects, ...args], {
      show: true,
      env,
    }),
  )
  if (noBrowser === undefined) return counts
  const skipped = [...counts.skipped, { name: 'the packages’ tests in Chromium', reason: noBrowser }]
  return { ...counts, skipped }
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<Counts>}
 */
async function runPlaywright(args) {
  process.stdout.write('\nBrowser tests\n')
  return await countedRun('Playwright', (env) =>
    runCommand(tool('playwright'), ['test', '--pass-with-no-tests', ...args], { show: true, env }),
  )
}
