import type { JSHandle } from '@playwright/test'
import { randomGguf, webLlmModel, whyNoWebModels } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'
import type * as Module from './lab.js'

const LAB = new URL('lab.ts', import.meta.url)

type Lab = JSHandle<typeof Module>

/** Room for one of the small random models in WebAssembly (a worker alone takes 220 MB), and not for two. */
const ROOM_FOR_ONE = 330e6

/** The full name of the model whose address ends so, once it is in the list. */
async function idOf(lab: Lab, end: string): Promise<string> {
  const id = (): Promise<string> => lab.evaluate((module, name) => module.card(name)?.id ?? '', end)
  await expect.poll(id).not.toBe('')
  return await id()
}

async function endOf(lab: Lab, id: string): Promise<string | null> {
  return (await lab.evaluate((module, name) => module.answer(name), id)).end
}

test('two models with room for one swap under the scheduler: WebAssembly', async ({
  openLab,
  complaints,
}) => {
  complaints.allow(/api\/tags|web-models|Failed to load resource/)
  const files = { '/a.gguf': await randomGguf({ seed: 1 }), '/b.gguf': await randomGguf({ seed: 2 }) }
  const { lab, server } = await openLab<typeof Module>(LAB, { files })
  await lab.evaluate(
    (module, [url, room]) => {
      module.watchEvictions()
      return module.set({ modelAddresses: [`${url}/a.gguf`, `${url}/b.gguf`], ramBudgetBytes: room })
    },
    [server.url, ROOM_FOR_ONE] as const,
  )
  expect(await lab.evaluate((module) => module.machine()?.ram)).toEqual({
    budgetBytes: ROOM_FOR_ONE,
    budgetFrom: 'setting',
  })

  for (const [ask, file] of [
    ['first', 'a'],
    ['second', 'b'],
    ['third', 'a'],
  ] as const) {
    const model = await idOf(lab, `/${file}.gguf`)
    await lab.evaluate((module, [id, to]) => module.ask(id, to, 'Hello', { maxTokens: 4 }), [
      ask,
      model,
    ] as const)
    await expect.poll(() => endOf(lab, ask)).toBe('length')
    await expect.poll(() => lab.evaluate((module) => module.loaded())).toEqual([file])
  }
  const evicted = await lab.evaluate((module) => module.evicted())
  expect(evicted).toHaveLength(2)
  expect(evicted[0]).toMatch(/^makes room for gguf\/.*b\.gguf: least recently used, idle .* frees /)
})

test('two models with room for one swap under the scheduler: WebLLM', async ({ openLab, complaints }) => {
  const why = await whyNoWebModels()
  test.skip(why !== undefined, why)
  complaints.allow(/api\/tags|web-models|Failed to load resource/)
  const models = {
    a: await webLlmModel({ gguf: await randomGguf({ seed: 1 }) }),
    b: await webLlmModel({ gguf: await randomGguf({ seed: 2 }) }),
  }
  const files = Object.fromEntries(
    Object.entries(models).flatMap(([name, { folder, library }]) => [
      [`/${name}/resolve/main/`, `${folder}/`],
      [`/${name}.wasm`, library],
    ]),
  )
  const { lab, server } = await openLab<typeof Module>(LAB, { files })
  await lab.evaluate((module, url) => {
    module.watchEvictions()
    return module.set({
      modelAddresses: [`${url}/a ${url}/a.wasm`, `${url}/b ${url}/b.wasm`],
    })
  }, server.url)
  const first = await idOf(lab, `${server.url}/a`)
  await lab.evaluate(
    (module, id) => module.ask('alone', id, 'Hello', { maxTokens: 2, contextLength: 512 }),
    first,
  )
  await expect.poll(() => endOf(lab, 'alone')).toMatch(/^(length|stop)$/)
  const needed = await lab.evaluate((module) => module.reservedBytes('gpu'))
  expect(needed).toBeGreaterThan(0)
  await lab.evaluate((module, bytes) => module.set({ gpuBudgetBytes: bytes }), Math.floor(needed * 1.5))
  for (const [ask, name] of [
    ['second', 'b'],
    ['third', 'a'],
  ] as const) {
    const model = await idOf(lab, `${server.url}/${name}`)
    await lab.evaluate(
      (module, [id, to]) => module.ask(id, to, 'Hello', { maxTokens: 4, contextLength: 512 }),
      [ask, model] as const,
    )
    await expect.poll(() => endOf(lab, ask)).toMatch(/^(length|stop)$/)
    await expect.poll(() => lab.evaluate((module) => module.loaded())).toEqual([name])
  }
  expect(await lab.evaluate((module) => module.evicted())).toHaveLength(2)
})

test('a model that cannot run here says so before anything is fetched', async ({ openLab, complaints }) => {
  complaints.allow(/api\/tags|web-models|Failed to load resource/)
  const files = { '/a.gguf': await randomGguf({ seed: 1 }) }
  const { lab, server } = await openLab<typeof Module>(LAB, { files })
  await lab.evaluate(
    (module, url) => module.set({ modelAddresses: [`${url}/a.gguf`], ramBudgetBytes: 1e6 }),
    server.url,
  )
  const half = await idOf(lab, 'Llama-3.2-1B-Instruct-q4f16_1-MLC')
  expect((await lab.evaluate((module, id) => module.card(id), half))?.fit).toEqual({
    verdict: 'does-not-fit',
    why: 'needs shader-f16, which this GPU does not have',
  })
  expect(await lab.evaluate((module, id) => module.call('download', id), half)).toBe(
    'Llama-3.2-1B-Instruct cannot run here: needs shader-f16, which this GPU does not have',
  )
  await lab.evaluate((module, id) => module.ask('half', id, 'Hello'), half)
  await expect.poll(() => endOf(lab, 'half')).toMatch(/needs shader-f16/)

  const small = await idOf(lab, '/a.gguf')
  await lab.evaluate((module, id) => module.ask('small', id, 'Hello'), small)
  await expect.poll(() => endOf(lab, 'small')).toMatch(/too large for any placement/)
  await lab.evaluate((module) => module.set({ ramBudgetBytes: null }))
  await lab.evaluate((module, id) => module.ask('now', id, 'Hello', { maxTokens: 2 }), small)
  await expect.poll(() => endOf(lab, 'now')).toBe('length')
})
