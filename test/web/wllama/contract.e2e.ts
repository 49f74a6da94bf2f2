import { stat } from 'node:fs/promises'
import { randomGguf } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'

const LAB = new URL('lab.ts', import.meta.url)

// A model of random weights: what it says is of no matter here, and it loads in no time.
for (const isolated of [true, false]) {
  const where = isolated ? 'with threads to be had' : 'where the page is not cross-origin isolated'
  test(`wllama keeps the contract ${where}`, async ({ openLab, complaints }) => {
    // The engine's own words, when it is made to crash.
    complaints.allow(/RuntimeError: (unreachable|Aborted)/)
    const files = { small: await randomGguf(), vectors: await randomGguf({ pooling: 'mean' }) }
    const { page, server } = await openLab(LAB, {
      isolated,
      files: { '/small.gguf': files.small, '/vectors.gguf': files.vectors },
    })
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(isolated)
    const models = await Promise.all(
      (['small', 'vectors'] as const).map(async (id) => ({
        id,
        revision: 'r1',
        purposes: id === 'small' ? (['generate'] as const) : (['embed'] as const),
        files: [{ url: `${server.url}/${id}.gguf`, bytes: (await stat(files[id])).size }] as const,
      })),
    )
    await page.evaluate((these) => lab.inWorker.setModels(these), models)
    const names = await page.evaluate(() => lab.inWorker.contractCases())
    expect(names.length).toBeGreaterThan(15)
    for (const name of names) {
      await test.step(name, () =>
        page.evaluate((each) => lab.inWorker.runCase(each, 'small', 'vectors'), name),
      )
    }
  })
}
