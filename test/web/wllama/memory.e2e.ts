import { randomGguf } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'
import type * as Module from './lab.js'
import { ggufModels, mounted } from './models.js'

const LAB = new URL('lab.ts', import.meta.url)

// 16 KB of KV cache a token: what is kept of thirty unrelated prompts would come to some 190 MB, and there is room for 128 MB.
test('caches of earlier prompts end at the memory that was planned, and the model goes on', async ({
  openLab,
  complaints,
}) => {
  complaints.allow(/invalid UTF-8|typed array length/)
  const files = {
    model: await randomGguf({
      name: 'kvheavy',
      layers: 4,
      embedding: 128,
      heads: 8,
      kvHeads: 8,
      headSize: 128,
      ffn: 128,
      context: 4096,
    }),
  }
  const { lab, server } = await openLab<typeof Module>(LAB, { files: mounted(files) })
  await lab.evaluate(({ inWorker }, these) => inWorker.setModels(these), await ggufModels(files, server))
  await lab.evaluate(async ({ inWorker }): Promise<unknown> =>
    inWorker.load('model', { contextLength: 1024, slots: 2 }),
  )
  const ends = await lab.evaluate(({ inWorker }) => inWorker.askMany('model', 30))
  expect(ends.filter((end) => end !== 'finished')).toEqual([])
})
