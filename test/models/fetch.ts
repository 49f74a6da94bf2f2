import { smollm2 } from './index.js'

// What `npm test` runs before the tests.
try {
  await smollm2((fraction) => {
    if (process.stdout.isTTY) process.stdout.write(`\rGetting the test model: ${Math.floor(fraction * 100)}%`)
  })
} catch (error) {
  process.stderr.write(
    `The test model is not to be had, and tests that need it will fail: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exitCode = 1
}
