import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Parked, Run } from '@berth/scheduler'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { LlamaRunner } from '../../../apps/server/src/llama/index.js'
import { smollm2 } from '../../models/index.js'
import { answerOf, backendOver, chat, load, raw, textOf } from './harness.js'

/** Reads some pieces, parks, and reads the rest of what was made by then. */
async function parkAfter(run: Run, pieces: number): Promise<{ parked: Parked; text: string }> {
  const reading = run.pieces[Symbol.asyncIterator]()
  const seen = []
  while (seen.length < pieces) {
    const next = await reading.next()
    if (next.done === true) throw new Error('Expected the job to go on')
    seen.push(next.value)
  }
  const parking = run.park()
  for (let next = await reading.next(); next.done !== true; next = await reading.next()) seen.push(next.value)
  expect(seen.every(({ type }) => type === 'text')).toBe(true)
  expect((await run.slotFree).how).toBe('parked')
  return { parked: await parking, text: textOf(seen) }
}

describe('a parked job', () => {
  let runner: LlamaRunner
  let path: string
  beforeAll(async () => {
    path = await smollm2()
    runner = await load(backendOver({ model: path }), 'model', { slots: 2 })
  })
  afterAll(() => runner.stop('now'))

  const story = chat('Tell me a story.', { maxTokens: 24, sampling: { temperature: 1, topK: 40, seed: 3 } })

  it('goes on where it stopped, its random numbers too, though others had its slot', async () => {
    const whole = await answerOf(runner.start(story))
    const { parked, text } = await parkAfter(runner.start(story), 4)
    expect(parked.tokens).toBeGreaterThan(30)
    expect(parked.bytes[0]!.bytes).toBeGreaterThan(100_000)
    // Both slots are used by others meanwhile.
    await Promise.all([
      answerOf(runner.start(raw('One', { maxTokens: 4 }))),
      answerOf(runner.start(raw('Two'))),
    ])
    const rest = await answerOf(runner.start(story, parked))
    expect(text + rest.text).toBe(whole.text)
    expect(rest.finished.metrics.decodedTokens).toBe(whole.finished.metrics.decodedTokens)
    expect(rest.finished.metrics.promptTokens).toBe(whole.finished.metrics.promptTokens)
  })

  it('may be parked again and again', async () => {
    const whole = await answerOf(runner.start(story))
    let { parked, text } = await parkAfter(runner.start(story), 2)
    for (let turn = 0; turn < 2; turn++) {
      const again = await parkAfter(runner.start(story, parked), 2)
      parked = again.parked
      text += again.text
    }
    expect(text + (await answerOf(runner.start(story, parked))).text).toBe(whole.text)
  })

  it('may be parked in its prompt', async () => {
    const long = raw('The quick brown fox jumps over the lazy dog. '.repeat(15))
    const whole = await answerOf(runner.start(long))
    await answerOf(runner.start(raw('Something else')))
    const run = runner.start(long)
    const parked = await run.park()
    expect((await run.slotFree).how).toBe('parked')
    expect((await answerOf(runner.start(long, parked))).text).toBe(whole.text)
  })

  it('outlives its runner: another computes it again', async () => {
    const greedy = chat('Count from one to ten.', { maxTokens: 24 })
    const whole = await answerOf(runner.start(greedy))
    const other = await load(backendOver({ model: path }), 'model')
    const { parked, text } = await parkAfter(other.start(greedy), 3)
    await other.stop('now')
    const rest = await answerOf(runner.start(greedy, parked))
    await parked.dispose()
    expect(text + rest.text).toBe(whole.text)
    expect(rest.finished.metrics.decodedTokens).toBe(whole.finished.metrics.decodedTokens)
  })

  it('leaves nothing on the disk when its runner is killed', async () => {
    // A place of its own: others park meanwhile.
    const folder = await mkdtemp(join(tmpdir(), 'berth-parking-'))
    for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, folder)
    try {
      const other = await load(backendOver({ model: path }), 'model')
      const { parked } = await parkAfter(other.start(story), 2)
      const [made, ...more] = (await readdir(folder)).filter((name) => name.startsWith('berth-parked-'))
      expect(more).toEqual([])
      expect(await readdir(join(folder, made!))).toHaveLength(1)
      await other.stop('now')
      await vi.waitUntil(async () => !(await readdir(folder)).includes(made!), { timeout: 60_000 })
      await parked.dispose()
    } finally {
      vi.unstubAllEnvs()
      await rm(folder, { recursive: true })
    }
  })

  it('goes on where its KV could not be kept', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-parking-'))
    for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, folder)
    try {
      const other = await load(backendOver({ model: path }), 'model')
      const whole = await answerOf(other.start(story))
      await (await parkAfter(other.start(story), 2)).parked.dispose()
      // From now on there is a file where what is parked was kept.
      const made = (await readdir(folder)).find((name) => name.startsWith('berth-parked-')) ?? ''
      await rm(join(folder, made), { recursive: true })
      await writeFile(join(folder, made), '')
      const { parked, text } = await parkAfter(other.start(story), 2)
      expect([parked.tokens, parked.bytes[0]?.bytes]).toEqual([0, 0])
      expect(text + (await answerOf(other.start(story, parked))).text).toBe(whole.text)
      await other.stop('now')
    } finally {
      vi.unstubAllEnvs()
      await rm(folder, { recursive: true })
    }
  })

  it('cannot be parked once it is over', async () => {
    const run = runner.start(raw('Hello', { maxTokens: 1 }))
    await run.slotFree
    await expect(run.park()).rejects.toMatchObject({ code: 'aborted' })
  })
})
