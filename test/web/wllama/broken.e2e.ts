import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomGguf } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'
import type * as Module from './lab.js'
import { ggufModels, mounted } from './models.js'

const LAB = new URL('lab.ts', import.meta.url)

test('a file that is no model, or a broken one, is refused by name; the next loads', async ({
  openLab,
  folder,
  complaints,
}) => {
  complaints.allow(/typed array length|Failed to load resource|RuntimeError/)
  const at = await folder()
  const good = await randomGguf()
  const bytes = await readFile(good)
  const write = async (name: string, content: Uint8Array): Promise<string> => {
    await writeFile(join(at, name), content)
    return join(at, name)
  }
  // The tokenizer's kind has another name: the head is well formed, and the engine cannot use it.
  const renamed = Buffer.from(bytes)
  const kind = renamed.indexOf('gpt2')
  renamed.write('gptX', kind)
  const files = {
    good,
    page: await write('page.gguf', Buffer.from('<!doctype html><p>Not here</p>')),
    cut: await write('cut.gguf', bytes.subarray(0, bytes.length >> 1)),
    strange: await write('strange.gguf', renamed),
  }
  const { lab, server } = await openLab<typeof Module>(LAB, { files: mounted(files) })
  const models = await ggufModels(files, server)
  const gone = {
    id: 'gone',
    revision: 'r1',
    purposes: ['generate'],
    files: [{ url: `${server.url}/gone.gguf`, bytes: 1000 }],
  } as const
  await lab.evaluate(({ inWorker }, these) => inWorker.setModels(these), [...models, gone])
  const load = (id: string): Promise<unknown> =>
    lab.evaluate(async ({ inWorker }, each): Promise<unknown> => inWorker.load(each), id)

  expect(await load('page')).toMatchObject({
    code: 'bad-model',
    message: expect.stringContaining('not a GGUF'),
  })
  expect(await load('cut')).toMatchObject({ code: 'bad-model', message: expect.stringContaining('cut off') })
  expect(await load('gone')).toMatchObject({ code: 'bad-model', message: expect.stringContaining('404') })
  expect(await load('strange')).toMatchObject({ code: 'bad-model', message: expect.stringContaining('gptX') })
  expect(await load('good')).toContain('checking')
  await lab.evaluate(({ inWorker }) => inWorker.unload('good'))
})
