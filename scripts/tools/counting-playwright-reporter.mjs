// @ts-check
import { relative } from 'node:path'
import { writeCounts } from './counts.mjs'
import { ROOT } from './paths.mjs'

/** A Playwright reporter that leaves the counts of a run in a file. */
export default class CountingPlaywrightReporter {
  /** @type {import('@playwright/test/reporter').Suite | undefined} */
  #suite
  #errors = 0

  /**
   * @param {import('@playwright/test/reporter').FullConfig} _config
   * @param {import('@playwright/test/reporter').Suite} suite
   */
  onBegin(_config, suite) {
    this.#suite = suite
  }

  /** Outside any test: a file that does not load, a set-up that fails. */
  onError() {
    this.#errors++
  }

  onEnd() {
    /** @type {import('./counts.mjs').Counts} */
    const counts = { passed: 0, failed: this.#errors, skipped: [] }
    for (const test of this.#suite?.allTests() ?? []) {
      const last = test.results.at(-1)
      if (test.expectedStatus !== 'skipped' && last?.status !== 'skipped') {
        // One that never ran, or only passed when it was tried again, has not passed.
        if (test.outcome() === 'expected' && last !== undefined) counts.passed++
        else counts.failed++
        continue
      }
      const reasons = [...test.annotations, ...(last?.annotations ?? [])]
      counts.skipped.push({
        name: `${relative(ROOT, test.location.file)} > ${test.title}`,
        reason:
          reasons.find(({ description }) => description !== undefined)?.description ?? 'no reason given',
      })
    }
    writeCounts(counts)
  }

  printsToStdio() {
    return false
  }
}
