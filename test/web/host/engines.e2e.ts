import type { JSHandle } from '@playwright/test'
import { randomGguf } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'
import type * as Module from './lab.js'

const LAB = new URL('lab.ts', import.meta.url)

type Lab = JSHandle<typeof Module>

/** Room for one of the small random models in WebAssembly (a worker alone takes 60 MB), and not for two. */
const ROOM_FOR_ONE = 110e6

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
