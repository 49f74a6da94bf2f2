import { randomGguf } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'
import type * as Module from './lab.js'
import { ggufModels, mounted } from './models.js'

const LAB = new URL('lab.ts', import.meta.url)

// A model of random weights: what it says is of no matter here, and it loads in no time.
for (const isolated of [true, false]) {
  const where = isolated ? 'where it may have threads' : 'where the page is not cross-origin isolated'
  test(`wllama keeps the contract ${where}`, async ({ openLab, complaints }) => {
    // The engine's own words, when it is made to crash.
    complaints.allow(/RuntimeError: (unreachable|Aborted)/)
    // And when a random model says what is no text.
    complaints.allow(/invalid UTF-8|typed array length/)
    const files = { small: await randomGguf(), vectors: await randomGguf({ pooling: 'mean' }) }
    const { page, lab, server } = await openLab<typeof Module>(LAB, { isolated, files: mounted(files) })
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(isolated)
    const models = await ggufModels(files, server, (id) => (id === 'vectors' ? 'embed' : 'generate'))
    await lab.evaluate(({ inWorker }, these) => inWorker.setModels(these), models)
    const names = await lab.evaluate(({ inWorker }) => inWorker.contractCases())
    expect(names.length).toBeGreaterThan(15)
    for (const name of names) {
      await test.step(name, () =>
        lab.evaluate(({ inWorker }, each) => inWorker.runCase(each, 'small', 'vectors'), name),
      )
    }
  })
}
