import { createHash } from 'node:crypto'
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  DESCRIPTION_FILE,
  WebModels,
  webModelsFolder,
  type ListedWebModel,
  type WebModelDescription,
} from '../../../apps/server/src/web-models/index.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { harness, json } from './harness.js'

const SHARD = 'The quick brown fox'
const CONFIG = '{"vocab_size": 3}'
const LIBRARY = 'wasm'

function facts(name: string, content: string): { name: string; bytes: number; sha256: string } {
  return { name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}

const DESCRIPTION: WebModelDescription = {
  id: 'fox-q4',
  name: 'Fox',
  family: 'fox:latest',
  architecture: 'llama',
  quantization: 'q4',
  parameters: 19,
  contextLength: 2048,
  layers: 1,
  kvHeads: 1,
  headSize: 4,
  hidden: 4,
  vocabulary: 3,
  license: null,
  madeFrom: 'stamp',
  files: [facts('mlc-chat-config.json', CONFIG), facts('params_shard_0.bin', SHARD)],
  libraries: [
    {
      ...facts('abc.wasm', LIBRARY),
      adapters: 'software',
      arithmetic: 'f32',
      requiredFeatures: [],
      prefillChunk: 32,
    },
  ],
}

async function server(description: object = DESCRIPTION) {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'fox-q4'))
  await mkdir(join(folder, 'libraries'))
  await writeFile(join(folder, 'fox-q4', 'mlc-chat-config.json'), CONFIG)
  await writeFile(join(folder, 'fox-q4', 'params_shard_0.bin'), SHARD)
  await writeFile(join(folder, 'fox-q4', 'secret.txt'), 'not in the description')
  await writeFile(join(folder, 'libraries', 'abc.wasm'), LIBRARY)
  await writeFile(join(folder, 'fox-q4', DESCRIPTION_FILE), JSON.stringify(description))
  const problems: string[] = []
  const webModels = new WebModels(folder, (problem) => problems.push(problem))
  const { app } = harness({ webModels })
  const get = async (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
    await app.request(path, { method, headers: { host: 'localhost', ...headers } })
  const list = async (): Promise<readonly ListedWebModel[]> => {
    const { models } = await json<{ models: readonly ListedWebModel[] }>(await get('/web-models/'))
    return models
  }
  return { folder, problems, get, list }
}

describe('GET /web-models/', () => {
  it('lists what there is, with where to get it', async () => {
    const { get, list } = await server()
    const [model, ...more] = await list()
    expect(more).toEqual([])
    expect(model).toMatchObject({
      id: 'fox-q4',
      family: 'fox:latest',
      architecture: 'llama',
      quantization: 'q4',
      bytes: CONFIG.length + SHARD.length,
      contextLength: 2048,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      path: expect.stringMatching(/^\/web-models\/fox-q4\/[0-9a-f]{16}\/resolve\/main\/$/),
      files: DESCRIPTION.files,
      libraries: [
        {
          path: '/web-models/libraries/abc.wasm',
          adapters: 'software',
          arithmetic: 'f32',
          requiredFeatures: [],
        },
      ],
    })
    expect(model).not.toHaveProperty('madeFrom')
    expect((await get('/web-models')).status).toBe(200)
    for (const { name } of model?.files ?? []) expect((await get(`${model?.path}${name}`)).status).toBe(200)
    expect(await (await get(model?.libraries[0]?.path ?? '')).text()).toBe(LIBRARY)
  })

  it('is empty where no model was ever made', async () => {
    const { folder, list, problems } = await server()
    await rm(folder, { recursive: true })
    expect(await list()).toEqual([])
    expect(problems).toEqual([])
  })

  it('leaves a broken model out and tells of it once', async () => {
    const { folder, list, problems } = await server()
    await truncate(join(folder, 'fox-q4', 'params_shard_0.bin'), 3)
    expect(await list()).toEqual([])
    expect(await list()).toEqual([])
    expect(problems).toEqual([expect.stringMatching(/params_shard_0\.bin has 3 bytes and should have 19/)])
  })

  it.each([
    [{ ...DESCRIPTION, id: 'cat-q4' }, /it says it is cat-q4/],
    [{ ...DESCRIPTION, files: [facts('../../etc/passwd', '')] }, /\(files\.0\.name\)/],
    [
      { ...DESCRIPTION, libraries: [{ ...DESCRIPTION.libraries[0], name: '../x.wasm' }] },
      /libraries\.0\.name/,
    ],
    [
      { ...DESCRIPTION, libraries: [{ ...DESCRIPTION.libraries[0], name: 'gone.wasm' }] },
      /gone\.wasm is missing/,
    ],
  ])('does not believe every description', async (description, problem) => {
    const { list, problems } = await server(description)
    expect(await list()).toEqual([])
    expect(problems).toEqual([expect.stringMatching(problem)])
  })
})

describe('the files of a model', () => {
  const UNVERSIONED = '/web-models/fox-q4/resolve/main/params_shard_0.bin'

  it('come with type, length and tag; for ever where the address names the content', async () => {
    const { get, list } = await server()
    const [model] = await list()
    const shard = await get(`${model?.path}params_shard_0.bin`)
    expect(await shard.text()).toBe(SHARD)
    expect(Object.fromEntries(shard.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(SHARD.length),
      'cache-control': 'public, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
      etag: `"${facts('', SHARD).sha256}"`,
    })
    const library = await get('/web-models/libraries/abc.wasm')
    expect(library.headers.get('content-type')).toBe('application/wasm')
    expect(library.headers.get('cache-control')).toContain('immutable')
    const config = await get('/web-models/fox-q4/resolve/main/mlc-chat-config.json')
    expect(config.headers.get('content-type')).toBe('application/json')
    expect(config.headers.get('cache-control')).toBe('no-cache')
  })

  it.each([
    ['bytes=4-8', 206, 'quick', 'bytes 4-8/19'],
    ['bytes=16-', 206, 'fox', 'bytes 16-18/19'],
    ['bytes=-3', 206, 'fox', 'bytes 16-18/19'],
    ['bytes=0-999', 206, SHARD, 'bytes 0-18/19'],
    ['bytes=19-', 416, '', 'bytes */19'],
    ['bytes=5-4', 416, '', 'bytes */19'],
    ['bytes=0-1,4-5', 200, SHARD, null],
    ['lines=1-2', 200, SHARD, null],
  ])('answer the range %s with %i', async (range, status, text, contentRange) => {
    const { get } = await server()
    const response = await get(UNVERSIONED, { range })
    expect(response.status).toBe(status)
    expect(await response.text()).toBe(text)
    expect(response.headers.get('content-range')).toBe(contentRange)
  })

  it('are sent whole when a part of another version is asked for', async () => {
    const { get } = await server()
    const response = await get(UNVERSIONED, { range: 'bytes=4-8', 'if-range': '"other"' })
    expect(response.status).toBe(200)
  })

  it('are not sent again to whoever has them, nor to HEAD', async () => {
    const { get } = await server()
    const tag = (await get(UNVERSIONED)).headers.get('etag') ?? ''
    const again = await get(UNVERSIONED, { 'if-none-match': tag })
    expect([again.status, await again.text()]).toEqual([304, ''])
    const head = await get(UNVERSIONED, {}, 'HEAD')
    expect([head.status, await head.text(), head.headers.get('content-length')]).toEqual([200, '', '19'])
  })

  it.each([
    '/web-models/fox-q4/resolve/main/secret.txt',
    `/web-models/fox-q4/resolve/main/${DESCRIPTION_FILE}`,
    '/web-models/fox-q4/resolve/main/..%2Flibraries%2Fabc.wasm',
    '/web-models/..%2Ffox-q4/resolve/main/mlc-chat-config.json',
    '/web-models/libraries/..%2Ffox-q4%2Fsecret.txt',
    '/web-models/fox-q4/0123456789abcdef/resolve/main/mlc-chat-config.json',
    '/web-models/cat-q4/resolve/main/mlc-chat-config.json',
    '/web-models/libraries/other.wasm',
  ])('are those that the model names and no others: %s', async (path) => {
    const { get } = await server()
    const response = await get(path)
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ error: expect.stringContaining('no such') })
  })

  it('go to pages that may call, and not to others', async () => {
    const { get } = await server()
    const ours = await get(UNVERSIONED, { origin: 'http://localhost:5173' })
    expect(ours.headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
    expect((await get(UNVERSIONED, { origin: 'https://evil.example' })).status).toBe(403)
  })
})

describe('webModelsFolder', () => {
  it('is what the user says, else beside the store', () => {
    expect(webModelsFolder('/srv/web', '/home/me/.berth/models')).toBe('/srv/web')
    expect(webModelsFolder(undefined, '/home/me/.berth/models')).toBe('/home/me/.berth/web-models')
  })
})
