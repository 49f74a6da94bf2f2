import { backendContract } from '@berth/scheduler/testing'
import { expect, test } from '../fixtures/index.js'
import type * as Module from './lab.js'
import { toyFiles, whyNoWebModels } from './models.js'

const LAB = new URL('lab.ts', import.meta.url)

test.beforeAll(async () => {
  const why = await whyNoWebModels()
  test.skip(why !== undefined, why)
})

const CASES = backendContract({ slots: 1, embedder: null, crash: () => undefined })

// One page for all, for its files are in storage then; each case loads and unloads by itself.
test('WebLLM keeps the contract of a backend', async ({ openLab, complaints }) => {
  // Twenty loads, one after the other.
  test.slow()
  complaints.allow(/Device lost|A WebGPU error/)
  const { lab } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate((module) => module.begin(['toy']))
  for (const { name } of CASES) {
    await test.step(name, async () => {
      await lab.evaluate((module, which) => module.contract(which, 'toy'), name)
    })
  }
  expect(CASES.length).toBeGreaterThan(10)
})
