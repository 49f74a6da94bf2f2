import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Library } from '../../../apps/server/src/library/index.js'
import { ModelStore } from '../../../apps/server/src/models/index.js'
import { randomGguf } from '../../models/index.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { harness } from '../http/harness.js'
import { putModel } from '../models/ollama-store.js'
import { startRegistry } from './registry.js'

const weights = randomBytes(1_000)

async function setUp() {
  const folder = await temporaryFolder()
  const folders = {
    own: join(folder, 'own'),
    shared: [join(folder, 'ollama')],
    gguf: [join(folder, 'files')],
  }
  for (const each of [folders.own, ...folders.shared, ...folders.gguf]) await mkdir(each, { recursive: true })
  const store = new ModelStore(folders, () => undefined)
  const registry = await startRegistry({ weights })
  const changed: string[] = []
  const library = new Library({ store, registry: registry.client(), changed: (name) => changed.push(name) })
  const { post, app } = harness({ library })
  const lines = async (path: string, body: object): Promise<Record<string, unknown>[]> => {
    const text = await (await post(path, body)).text()
    return text
      .trimEnd()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line))
  }
  const blobs = async () =>
    (await readdir(join(folders.own, 'blobs')).catch(() => [])).toSorted((a, b) => a.localeCompare(b))
  return { folders, store, registry, changed, post, app, lines, blobs }
}

const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

describe('/api/pull', () => {
  it('streams the steps, a line each', async () => {
    const { lines, store, changed } = await setUp()
    const told = await lines('/api/pull', { model: 'tern' })
    expect(told[0]).toEqual({ status: 'pulling manifest' })
    expect(told).toContainEqual(expect.objectContaining({ total: weights.length, completed: weights.length }))
    expect(told.at(-1)).toEqual({ status: 'success' })
    expect(await store.get('tern')).toMatchObject({ system: 'Be brief.' })
    expect(changed).toEqual(['tern:latest'])
  })

  it('answers once where that is wanted, and by the field’s older name', async () => {
    const { post } = await setUp()
    const response = await post('/api/pull', { name: 'tern', stream: false })
    expect([response.status, await response.json()]).toEqual([200, { status: 'success' }])
  })

  it('ends the stream with the error', async () => {
    const { lines } = await setUp()
    expect((await lines('/api/pull', { model: 'a/b/c/d' })).at(-1)).toEqual({
      error: expect.stringContaining('has 4 parts'),
    })
  })
})

describe('/api/create', () => {
  it('makes a model of another with other texts and parameters, and shares its weights', async () => {
    const { lines, store, blobs } = await setUp()
    await lines('/api/pull', { model: 'tern' })
    const before = await blobs()
    const told = await lines('/api/create', {
      model: 'pirate',
      from: 'tern',
      system: 'You are a pirate.',
      template: '{{ .Prompt }}',
      parameters: { temperature: 0.1, stop: ['Arr'] },
      messages: [{ role: 'user', content: 'Ahoy' }],
      license: ['MIT'],
    })
    expect(told.at(-1)).toEqual({ status: 'success' })
    expect(told).toContainEqual({ status: `using existing layer ${sha256(weights)}` })
    expect(await store.get('pirate')).toMatchObject({
      system: 'You are a pirate.',
      template: '{{ .Prompt }}',
      parameters: { temperature: 0.1, stop: ['Arr'] },
      messages: [{ role: 'user', content: 'Ahoy' }],
      parent: 'tern:latest',
      facts: { parameterSize: '1M', quantization: 'F16' },
    })
    expect((await blobs()).filter((blob) => before.includes(blob))).toEqual(before)
    // Of one that was made, another: what it does not say stays.
    await lines('/api/create', { model: 'parrot', from: 'pirate', parameters: { temperature: 0.9 } })
    expect(await store.get('parrot')).toMatchObject({
      system: 'You are a pirate.',
      parameters: { temperature: 0.9, stop: ['Arr'] },
    })
  })

  it('makes a model of an uploaded file', async () => {
    const { app, lines, store, post } = await setUp()
    const file = await readFile(await randomGguf())
    const digest = sha256(file)
    const head = async () => (await app.request(`/api/blobs/${digest}`, { method: 'HEAD' })).status
    expect(await head()).toBe(404)
    const send = async () =>
      (await app.request(`/api/blobs/${digest}`, { method: 'POST', body: file })).status
    expect([await send(), await head(), await send()]).toEqual([201, 200, 200])
    const told = await lines('/api/create', { model: 'mine', files: { 'x.gguf': digest } })
    expect(told.at(-1)).toEqual({ status: 'success' })
    expect(await store.get('mine')).toMatchObject({ facts: { family: 'llama' } })
    const wrong = await app.request(`/api/blobs/${sha256('other')}`, { method: 'POST', body: 'bytes' })
    expect([wrong.status, await wrong.json()]).toEqual([
      400,
      { error: expect.stringContaining('digest mismatch') },
    ])
    const bad = await post('/api/create', { model: 'x', files: { 'x.gguf': sha256('other') }, stream: false })
    expect([bad.status, await bad.json()]).toEqual([
      400,
      { error: expect.stringContaining('was not uploaded') },
    ])
  })

  it('makes a model of a plain file, and pulls a base that is not here', async () => {
    const { folders, lines, store } = await setUp()
    await symlink(await randomGguf(), join(folders.gguf[0] ?? '', 'plain.gguf'))
    await lines('/api/create', { model: 'made', from: 'plain', system: 'Hi.' })
    expect(await store.get('made')).toMatchObject({ source: 'own', system: 'Hi.' })
    const told = await lines('/api/create', { model: 'made2', from: 'tern', system: 'Hi.' })
    expect(told).toContainEqual({ status: 'pulling manifest' })
    expect(await store.get('made2')).toMatchObject({ source: 'own', system: 'Hi.' })
  })

  it.each([
    ['nothing to make it of', { model: 'x' }, 400, "neither 'from' or 'files' was specified"],
    ['quantization', { model: 'x', from: 'tern', quantize: 'q4_K_M' }, 501, 'does not quantize'],
    [
      'safetensors',
      { model: 'x', files: { 'model.safetensors': sha256('x') } },
      501,
      'safetensors are not converted',
    ],
    [
      'an unknown parameter',
      { model: 'x', from: 'tern', parameters: { heat: 1 } },
      400,
      "unknown parameter 'heat'",
    ],
    [
      'a wrong parameter',
      { model: 'x', from: 'tern', parameters: { top_k: 'a' } },
      400,
      'parameters.top_k: expected',
    ],
    ['a bad name', { model: '../x', from: 'tern' }, 400, 'model name'],
    ['no name', { from: 'tern' }, 400, 'model is required'],
  ])('refuses %s', async (_, body, status, message) => {
    const { post } = await setUp()
    const response = await post('/api/create', { ...body, stream: false })
    expect([response.status, await response.json()]).toEqual([
      status,
      { error: expect.stringContaining(message) },
    ])
  })
})

const remove = (app: Awaited<ReturnType<typeof setUp>>['app'], model: string) =>
  app.request('/api/delete', { method: 'DELETE', body: JSON.stringify({ model }) })

describe('/api/copy and /api/delete', () => {
  it('copy a model, and delete it with what no other needs', async () => {
    const { app, post, lines, store, blobs, changed } = await setUp()
    await lines('/api/pull', { model: 'tern' })
    expect((await post('/api/copy', { source: 'tern', destination: 'gull:v2' })).status).toBe(200)
    expect(await store.get('gull:v2')).toMatchObject({ system: 'Be brief.' })
    expect((await remove(app, 'tern')).status).toBe(200)
    expect(await readFile((await store.get('gull:v2')).files[0])).toEqual(weights)
    expect((await remove(app, 'gull:v2')).status).toBe(200)
    expect([await store.list(), await blobs()]).toEqual([[], []])
    expect(changed).toEqual(['tern:latest', 'gull:v2', 'tern:latest', 'gull:v2'])
  })

  it('keep every blob while another model’s manifest cannot be read', async () => {
    const { app, lines, folders, blobs } = await setUp()
    await lines('/api/pull', { model: 'tern' })
    const before = await blobs()
    const broken = join(folders.own, 'manifests/registry.ollama.ai/library/broken')
    await mkdir(broken, { recursive: true })
    await writeFile(join(broken, 'latest'), '{')
    expect((await remove(app, 'tern')).status).toBe(200)
    expect(await blobs()).toEqual(before)
  })

  it('take a model of Ollama’s store as a source, and leave that store alone', async () => {
    const { app, post, folders, store } = await setUp()
    await putModel(folders.shared[0] ?? '', 'registry.ollama.ai/library/theirs/latest')
    expect((await post('/api/copy', { source: 'theirs', destination: 'ours' })).status).toBe(200)
    expect(await store.get('ours')).toMatchObject({ source: 'own' })
    const refused = await remove(app, 'theirs')
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { error: expect.stringContaining('only reads') },
    ])
    expect(await store.get('theirs')).toMatchObject({ source: 'shared' })
  })

  it('say that there is no such model', async () => {
    const { app, post } = await setUp()
    for (const response of [
      await remove(app, 'dodo'),
      await post('/api/copy', { source: 'dodo', destination: 'x' }),
    ]) {
      expect([response.status, await response.json()]).toEqual([
        404,
        { error: expect.stringContaining('not found') },
      ])
    }
  })
})

it('says why it does not push', async () => {
  const { post } = await setUp()
  const response = await post('/api/push', { model: 'tern' })
  expect([response.status, await response.json()]).toEqual([
    501,
    { error: expect.stringContaining('does not push') },
  ])
})
