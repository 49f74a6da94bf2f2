import type { ServerResponse } from 'node:http'
import { expect, setOffline, test } from '../fixtures/index.js'
import type * as Module from './lab.js'
import { toyFiles, whyNoWebModels } from './models.js'

const LAB = new URL('lab.ts', import.meta.url)

test.beforeAll(async () => {
  const why = await whyNoWebModels()
  test.skip(why !== undefined, why)
})

test('downloads file by file, loads without the network, and deletes', async ({ openLab, context }) => {
  const { lab, server } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate((module) => module.begin(['toy']))
  expect(await lab.evaluate((module) => module.stored('toy'))).toBe(false)
  const names = await lab.evaluate((module) => module.download('toy'))
  expect(names).toEqual([
    'mlc-chat-config.json',
    'tokenizer.json',
    'tensor-cache.json',
    'toy.wasm',
    'params_shard_0.bin',
  ])
  expect(await lab.evaluate((module) => module.stored('toy'))).toBe(true)

  const fetched = server.requests.filter((request) => request.includes('/models/')).length
  // The worker's script is fetched once, so that it is at hand when the network is not.
  expect(await lab.evaluate((module) => module.load('toy'))).toMatchObject({ code: null })
  await lab.evaluate((module) => module.unload('now'))
  await setOffline(context, true)
  expect(await lab.evaluate((module) => module.load('toy'))).toMatchObject({ code: null })
  expect(await lab.evaluate((module) => module.ask('Hello', { maxTokens: 2 }))).toMatchObject({
    end: 'finished',
  })
  await lab.evaluate((module) => module.unload('now'))
  await setOffline(context, false)
  expect(server.requests.filter((request) => request.includes('/models/'))).toHaveLength(fetched)

  await lab.evaluate((module) => module.remove('toy'))
  expect(await lab.evaluate((module) => module.stored('toy'))).toBe(false)
})

test('a library at localhost is kept too, which WebLLM by itself would not', async ({ openLab }) => {
  const { lab, server } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate(
    (module, origin) => module.begin(['toy'], origin),
    server.url.replace('127.0.0.1', 'localhost'),
  )
  const first = await lab.evaluate((module) => module.load('toy'))
  expect(first.code).toBe(null)
  const fetching = first.reports.filter(({ stage }) => stage === 'fetching')
  expect(fetching.at(-1)?.loadedBytes).toBe(fetching.at(-1)?.totalBytes)
  await lab.evaluate((module) => module.unload('now'))
  const fetched = server.requests.filter((request) => request.includes('/models/')).length
  expect((await lab.evaluate((module) => module.load('toy'))).code).toBe(null)
  expect(server.requests.filter((request) => request.includes('/models/'))).toHaveLength(fetched)
})

test('a broken file is named, thrown away and fetched anew', async ({ openLab, complaints }) => {
  complaints.allow(/./)
  const { lab, server } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate((module) => module.begin(['toy']))
  await lab.evaluate((module) => module.download('toy'))
  await lab.evaluate((module) => module.spoil('toy', 'params_shard_0.bin'))
  const broken = await lab.evaluate((module) => module.load('toy'))
  expect(broken).toMatchObject({ code: 'bad-model' })
  expect(broken.message).toContain('params_shard_0.bin')
  const before = server.requests.length
  expect(await lab.evaluate((module) => module.load('toy'))).toMatchObject({ code: null })
  expect(server.requests.slice(before)).toEqual(['GET /models/toy/resolve/main/params_shard_0.bin'])
})

test('a network that fails is no bad model, and each names its file', async ({ openLab, complaints }) => {
  complaints.allow(/Failed to load resource/)
  const { lab, server } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate((module) => module.begin(['toy']))
  const failing = (name: string, answer: (response: ServerResponse) => void): void => {
    server.intercept = (request, response) => {
      if (request.url?.endsWith(name) !== true) return false
      answer(response)
      return true
    }
  }
  failing('params_shard_0.bin', (response) => response.destroy())
  const cut = await lab.evaluate((module) => module.load('toy'))
  expect(cut.code).toBe('lost')
  expect(cut.message).toContain('params_shard_0.bin')
  await lab.evaluate((module) => module.remove('toy'))
  failing('tokenizer.json', (response) => response.writeHead(404).end())
  const missing = await lab.evaluate((module) => module.load('toy'))
  expect(missing.code).toBe('bad-model')
  expect(missing.message).toContain('tokenizer.json')
  failing('params_shard_0.bin', (response) => response.writeHead(503).end())
  expect((await lab.evaluate((module) => module.load('toy'))).code).toBe('lost')
  server.intercept = null
  expect((await lab.evaluate((module) => module.load('toy'))).code).toBe(null)
})

test('a load can be called off at any stage', async ({ openLab }) => {
  const { page, lab } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate((module) => module.begin(['toy']))
  for (const stage of ['starting', 'fetching', 'reading', 'compiling'] as const) {
    expect(await lab.evaluate((module, at) => module.callOff('toy', at), stage)).toBe('aborted')
  }
  await expect.poll(() => page.workers().length).toBe(0)
})

test('unloading gives the GPU’s memory back', async ({ openLab }) => {
  const { page, lab } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate((module) => module.begin(['toy']))
  const { reports } = await lab.evaluate((module) => module.load('toy'))
  const fractions = reports.map(({ fraction }) => fraction)
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
  expect(fractions.at(-1)).toBe(1)
  await lab.evaluate((module) => module.ask('Hello', { maxTokens: 2 }))
  const { bytes, asked } = await lab.evaluate((module) => module.unload('gracefully'))
  // Weights of 82 KB and a KV cache of 512 tokens at least.
  expect(bytes[0]).toBeGreaterThan(82_176 + 512 * 512)
  expect(bytes.at(-1)).toBe(0)
  expect(asked).toBe(true)
  await expect.poll(() => page.workers().length).toBe(0)
})

test('a lost device ends the runner with its reason, and the next load works', async ({
  openLab,
  complaints,
}) => {
  complaints.allow(/./)
  const { lab } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate((module) => module.begin(['toy']))
  await lab.evaluate((module) => module.load('toy'))
  const lost = await lab.evaluate((module) => {
    module.start('Hello', { maxTokens: 200 })
    module.when('decode', 'lose-device')
    return module.answer()
  })
  expect(lost).toMatchObject({ end: 'failed', code: 'lost' })
  const end = await lab.evaluate((module) => module.ended())
  expect(end.asked).toBe(false)
  expect(end.reason).toContain('GPU device was lost')
  expect(await lab.evaluate((module) => module.load('toy'))).toMatchObject({ code: null })
  expect(await lab.evaluate((module) => module.ask('Hello', { maxTokens: 2 }))).toMatchObject({
    end: 'finished',
  })
})

test('a context that the GPU has no room for is told as such, with the bytes', async ({
  openLab,
  complaints,
}) => {
  complaints.allow(/./)
  const { lab } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate((module) => module.begin(['toy']))
  // 1.25 GiB of KV cache a layer, which is one buffer: more than the adapter gives at once.
  const failed = await lab.evaluate((module) => module.load('toy', 5 * 2 ** 20))
  expect(failed).toMatchObject({ code: 'out-of-memory' })
  expect(failed.message).toMatch(/1\.3 GiB|2\.5 GiB/)
  expect(await lab.evaluate((module) => module.load('toy'))).toMatchObject({ code: null })
})
