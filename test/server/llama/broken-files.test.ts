import { chmod, copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Abort } from '@berth/scheduler'
import type { ModelFile } from '../../../apps/server/src/llama/index.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomGguf } from '../../models/index.js'
import { answerOf, backendOver, raw, specFor, withRunner } from './harness.js'

describe('a file that cannot be loaded', () => {
  let folder: string
  let good: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-broken-'))
    good = await randomGguf()
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** The same bytes with one text in place of another of the same length. */
  async function withText(name: string, from: string, to: string): Promise<string> {
    const path = join(folder, name)
    const bytes = await readFile(good)
    bytes.write(to, bytes.indexOf(from), 'latin1')
    await writeFile(path, bytes)
    return path
  }

  const BROKEN: Readonly<Record<string, () => Promise<string>>> = {
    'a file cut off in its weights': async () => {
      const path = join(folder, 'cut.gguf')
      await copyFile(good, path)
      await truncate(path, 300_000)
      return path
    },
    'a file cut off in its head': async () => {
      const path = join(folder, 'head.gguf')
      await copyFile(good, path)
      await truncate(path, 1_000)
      return path
    },
    'nonsense in the head': async () => {
      const path = join(folder, 'nonsense.gguf')
      const bytes = await readFile(good)
      bytes.fill(0xa5, 8, 400)
      await writeFile(path, bytes)
      return path
    },
    'an empty file': async () => {
      const path = join(folder, 'empty.gguf')
      await writeFile(path, '')
      return path
    },
    'a folder': () => Promise.resolve(folder),
    'a file that is not there': () => Promise.resolve(join(folder, 'nothing.gguf')),
    'an architecture that nobody knows': () => withText('strange.gguf', 'llama', 'xlama'),
    'a tensor that is missing, which only the engine notices': () =>
      withText('missing.gguf', 'blk.1.attn_q.weight', 'blk.1.attn_x.weight'),
  }

  it.each(Object.keys(BROKEN))('is told clearly: %s', async (what) => {
    const path = await BROKEN[what]!()
    const backend = backendOver({ good, broken: path })
    // The profile is not to be had for most of these; the load has to say it too.
    const spec = { ...(await specFor(backend, 'good')), model: 'broken' }
    await expect(backend.load(spec, () => undefined, new Abort())).rejects.toMatchObject({
      name: 'BackendError',
      code: 'bad-model',
      message: expect.stringContaining(path),
    })
  })

  it('is told clearly: one that may not be read', async (context) => {
    const path = join(folder, 'secret.gguf')
    await copyFile(good, path)
    await chmod(path, 0)
    await chmod(folder, 0o755)
    const backend = backendOver({ good, secret: path })
    const spec = { ...(await specFor(backend, 'good')), model: 'secret' }
    // The superuser may read everything: for a moment it is somebody else.
    const root = process.geteuid?.() === 0
    if (process.platform === 'win32') context.skip()
    if (root) process.seteuid!(65_534)
    try {
      await expect(backend.load(spec, () => undefined, new Abort())).rejects.toMatchObject({
        code: 'bad-model',
        message: expect.stringMatching(/secret\.gguf.*permission/i),
      })
    } finally {
      if (root) process.seteuid!(0)
    }
  })

  it('is read once a revision, and only the latest is kept', async () => {
    const path = join(folder, 'changing.gguf')
    await copyFile(good, path)
    let file: ModelFile | null = { path, revision: 'r1' }
    const models = { list: () => Promise.resolve([]), resolve: () => Promise.resolve(file) }
    const backend = backendOver({}, { models })
    const first = await backend.profile('model', 'generate')
    await rm(path)
    // It is known already; another revision has to be read, and after that the first one as well.
    expect(await backend.profile('model', 'generate')).toEqual(first)
    file = { path: good, revision: 'r2' }
    await backend.profile('model', 'generate')
    file = { path, revision: 'r1' }
    await expect(backend.profile('model', 'generate')).rejects.toMatchObject({ code: 'bad-model' })

    await copyFile(good, path)
    await backend.profile('model', 'generate')
    file = null
    await expect(backend.profile('model', 'generate')).rejects.toMatchObject({ code: 'unknown-model' })
    await rm(path)
    file = { path, revision: 'r1' }
    await expect(backend.profile('model', 'generate')).rejects.toMatchObject({ code: 'bad-model' })
  })

  it('does no harm to the next load', async () => {
    const backend = backendOver({ good, broken: join(folder, 'nothing.gguf') })
    await expect(backend.profile('broken', 'generate')).rejects.toMatchObject({ code: 'bad-model' })
    await withRunner(backend, 'good', {}, async (runner) => {
      await answerOf(runner.start(raw('Hello', { maxTokens: 1 })))
    })
  })
})
