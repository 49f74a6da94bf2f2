import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Snapshot } from '@berth/scheduler'
import { expect, it } from 'vitest'
import { randomGguf, smollm2 } from '../../models/index.js'
import { eventually } from '../../eventually.js'
import { putModel } from '../models/ollama-store.js'
import { post, startBerth } from './berth-process.js'
import { answerOf, chat, linesOf, song, type Line } from './requests.js'

const TOKENS = 200

/** Everything that is generated, to the last token. */
async function textOf(lines: AsyncIterable<Line>): Promise<string> {
  let text = ''
  let last: Line = {}
  for await (const line of lines) {
    text += line.response ?? ''
    last = line
  }
  expect(last).toMatchObject({ done: true, done_reason: 'length', eval_count: TOKENS })
  return text
}

it('a model that is replaced while loaded finishes what runs, and the next request gets the new one', async () => {
  await using berth = await startBerth({ files: { 'gibberish.gguf': await randomGguf() } })
  const put = async (file: string): Promise<void> => {
    const store = join(berth.home, '.berth', 'models')
    await putModel(store, 'registry.ollama.ai/library/thing/latest', { model: await readFile(file) })
  }
  const snapshot = async (): Promise<Snapshot> =>
    JSON.parse(await (await fetch(`${berth.url}/api/berth/snapshot`)).text())
  const thing = { ...chat, model: 'thing' }
  const gibberish = await answerOf(berth.url, { ...chat, model: 'gibberish' })

  await put(await smollm2())
  expect(await answerOf(berth.url, thing)).toContain('Paris')
  const sing = async () =>
    linesOf(await post(`${berth.url}/api/generate`, { ...song(TOKENS), model: 'thing' }))
  const alone = await textOf(await sing())
  const running = await sing()
  const first = await running.next()
  const [old] = (await snapshot()).runners.filter(({ model }) => model === 'thing:latest')
  await put(await randomGguf())
  const next = answerOf(berth.url, thing)

  // All of it comes from the weights that it began with.
  expect((first.value?.response ?? '') + (await textOf(running))).toBe(alone)

  expect(await next).toBe(gibberish)
  expect(gibberish).not.toContain('Paris')
  const things = async () => (await snapshot()).runners.filter(({ model }) => model === 'thing:latest')
  await eventually(things).toHaveLength(1)
  expect((await things())[0]?.id).not.toBe(old?.id)
})
