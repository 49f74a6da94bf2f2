// @ts-check
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed what could not be loaded, and errors outside any test, among them
 * @property {{ name: string, reason: string }[]} skipped
 */

/** Where a reporter writes its counts: a variable, as the test runners make the reporters. */
export const COUNTS_FILE = 'BERTH_TEST_COUNTS'

/** @param {Counts} counts */
export function writeCounts(counts) {
  const path = process.env[COUNTS_FILE]
  if (path !== undefined) writeFileSync(path, JSON.stringify(counts))
}

/**
 * Runs a test runner, and reads what its reporter counted.
 * @param {string} name the runner's, for people
 * @param {(env: Record<string, string>) => Promise<{ code: number }>} run gets what the reporter needs
 * @returns {Promise<Counts>}
 */
export async function countedRun(name, run) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-counts-'))
  const path = join(folder, 'counts.json')
  try {
    const { code } = await run({ [COUNTS_FILE]: path })
    /** @type {Counts} */
    const counted = JSON.parse(readFileSync(path, 'utf8'))
    // What the runner calls a failure, and its reporter has not seen, is one all the same.
    return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted
  } catch {
    process.stdout.write(`${name} ended without a report\n`)
    return { passed: 0, failed: 1, skipped: [] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
