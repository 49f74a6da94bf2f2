// @ts-check
import { writeCounts } from './counts.mjs'

/** A vitest reporter that leaves the counts of a run in a file. */
export default class CountingReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {import('./counts.mjs').Counts} */
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: [] }
    for (const module of modules) {
      const before = counts.failed
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') counts.passed++
        else if (result.state === 'skipped') {
          counts.skipped.push({
            name: `${module.relativeModuleId} > ${test.fullName}`,
            reason: result.note ?? 'no reason given',
          })
        } else counts.failed++
      }
      // A file that does not load, or a hook that fails, has no failed test to show for it.
      if (module.state() === 'failed' && counts.failed === before) counts.failed++
    }
    writeCounts(counts)
  }
}
