import { createHash } from 'node:crypto'
import { mkdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ModelStore } from '../../../apps/server/src/models/index.js'
import { putModel } from './ollama-store.js'
import { temporaryFolder } from '../../temporary-folder.js'

const LIBRARY = 'registry.ollama.ai/library'

async function setUp() {
  const folder = await temporaryFolder()
  const folders = { own: join(folder, 'own'), shared: [join(folder, 'ollama')], gguf: [join(folder, 'gguf')] }
  const problems: string[] = []
  const store = new ModelStore(folders, (problem) => problems.push(problem))
  const names = async () => (await store.list()).map((model) => model.name).toSorted()
  return {
    own: folders.own,
    ollama: join(folder, 'ollama'),
    gguf: join(folder, 'gguf'),
    store,
    problems,
    names,
  }
}

function blobOf(folder: string, contents: string): string {
  return join(folder, 'blobs', `sha256-${createHash('sha256').update(contents).digest('hex')}`)
}

describe('a store in Ollama’s layout', () => {
  it('is empty where there is no folder', async () => {
    const { store, problems } = await setUp()
    expect(await store.list()).toEqual([])
    expect(await store.find('smollm2:135m')).toBeUndefined()
    expect(problems).toEqual([])
  })

  it('gives everything that the manifest says', async () => {
    const { store, ollama } = await setUp()
    const manifest = await putModel(ollama, `${LIBRARY}/tiny/1m`, {
      model: 'the weights',
      layers: {
        template: '{{ .Prompt }}',
        system: 'Be brief.',
        params: '{"stop":["<a>","<b>"],"temperature":0.5}',
        messages: '[{"role":"user","content":"hi"}]',
        license: 'free',
        adapter: 'lora',
      },
    })
    const model = await store.find('tiny:1m')
    expect(model).toMatchObject({
      name: 'tiny:1m',
      digest: createHash('sha256').update(manifest).digest('hex'),
      source: 'shared',
      template: '{{ .Prompt }}',
      system: 'Be brief.',
      parameters: { stop: ['<a>', '<b>'], temperature: 0.5 },
      messages: [{ role: 'user', content: 'hi' }],
      facts: {
        format: 'gguf',
        family: 'llama',
        families: ['llama'],
        parameterSize: '1.2M',
        quantization: 'Q8_0',
      },
    })
    const weights = createHash('sha256').update('the weights').digest('hex')
    expect(model?.files).toEqual([join(ollama, 'blobs', `sha256-${weights}`)])
    expect(model?.adapters).toHaveLength(1)
    expect(model?.licenses).toHaveLength(1)
    expect(model?.bytes).toBeGreaterThan('the weights'.length)
  })

  it('finds a name whatever its case, and however much of it is written', async () => {
    const { store, ollama } = await setUp()
    await putModel(ollama, `${LIBRARY}/Tiny/Q4`)
    await putModel(ollama, 'hf.co/Some/Model-GGUF/Q8_0')
    expect((await store.find('tiny:q4'))?.name).toBe('Tiny:Q4')
    expect((await store.find('library/TINY:Q4'))?.name).toBe('Tiny:Q4')
    expect((await store.find('hf.co/some/model-gguf:q8_0'))?.name).toBe('hf.co/Some/Model-GGUF:Q8_0')
    expect(await store.find('tiny')).toBeUndefined()
  })

  it('shows what another program pulls, replaces and removes meanwhile', async () => {
    const { store, ollama, names } = await setUp()
    expect(await names()).toEqual([])
    await putModel(ollama, `${LIBRARY}/tiny/latest`)
    expect(await names()).toEqual(['tiny:latest'])
    const before = await store.get('tiny')

    await putModel(ollama, `${LIBRARY}/tiny/latest`, { model: 'other weights' })
    await utimes(
      join(ollama, 'manifests', LIBRARY, 'tiny', 'latest'),
      new Date(),
      new Date(Date.now() + 5_000),
    )
    const after = await store.get('tiny')
    expect(after.digest).not.toBe(before.digest)
    expect(after.files).not.toEqual(before.files)

    await rm(join(ollama, 'manifests', LIBRARY, 'tiny'), { recursive: true })
    expect(await names()).toEqual([])
    await expect(store.get('tiny')).rejects.toMatchObject({ code: 'unknown-model' })
  })

  it('takes its own store before Ollama’s', async () => {
    const { store, own, ollama } = await setUp()
    await putModel(own, `${LIBRARY}/tiny/latest`, { model: 'ours' })
    await putModel(ollama, `${LIBRARY}/tiny/latest`, { model: 'theirs' })
    expect((await store.list()).map((model) => model.source)).toEqual(['own'])
    expect((await store.find('tiny'))?.source).toBe('own')
  })

  it('lists the last changed first', async () => {
    const { store, own } = await setUp()
    for (const [index, name] of ['old', 'new', 'middle'].entries()) {
      await putModel(own, `${LIBRARY}/${name}/latest`)
      const time = new Date(2020, 0, [1, 9, 5][index])
      await utimes(join(own, 'manifests', LIBRARY, name, 'latest'), time, time)
    }
    expect((await store.list()).map((model) => model.name)).toEqual([
      'new:latest',
      'middle:latest',
      'old:latest',
    ])
  })
})

describe('a broken model', () => {
  const damage: Record<string, (folder: string) => Promise<void>> = {
    'is not JSON': async (folder) => {
      await putModel(folder, `${LIBRARY}/broken/latest`)
      await writeFile(join(folder, 'manifests', LIBRARY, 'broken', 'latest'), '{"schemaVer')
    },
    'the manifest is not as it should be at layers': async (folder) => {
      await putModel(folder, `${LIBRARY}/broken/latest`)
      await writeFile(
        join(folder, 'manifests', LIBRARY, 'broken', 'latest'),
        JSON.stringify({
          schemaVersion: 2,
          config: { mediaType: 'x', digest: `sha256:${'0'.repeat(64)}`, size: 1 },
        }),
      )
    },
    'should be "sha256:" and 64 hexadecimal digits': async (folder) => {
      const manifest = await putModel(folder, `${LIBRARY}/broken/latest`)
      const evil = manifest.replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:../../../../etc/passwd')
      await writeFile(join(folder, 'manifests', LIBRARY, 'broken', 'latest'), evil)
    },
    'is missing': async (folder) => {
      await putModel(folder, `${LIBRARY}/broken/latest`, { model: 'lost' })
      await rm(blobOf(folder, 'lost'))
    },
    'has 2 bytes; its manifest says 4': async (folder) => {
      await putModel(folder, `${LIBRARY}/broken/latest`, { model: 'half' })
      await truncate(blobOf(folder, 'half'), 2)
    },
    'the config layer is not JSON': (folder) =>
      putModel(folder, `${LIBRARY}/broken/latest`, { config: 'nonsense' }).then(() => undefined),
  }

  it.each(Object.entries(damage))('is told of (%s) and hides no other', async (message, make) => {
    const { store, own, problems, names } = await setUp()
    await putModel(own, `${LIBRARY}/whole/latest`)
    await make(own)
    expect(await names()).toEqual(['whole:latest'])
    expect(problems).toEqual([expect.stringContaining(message)])
    expect(problems[0]).toContain('"broken:latest"')

    await names()
    expect(problems, 'told of once').toHaveLength(1)
    await expect(store.find('broken')).rejects.toMatchObject({
      code: 'broken-model',
      message: expect.stringContaining(message),
    })
  })

  it('is used as soon as it is whole', async () => {
    const { own, names } = await setUp()
    await putModel(own, `${LIBRARY}/slow/latest`, { model: 'weights' })
    const blob = blobOf(own, 'weights')
    await rename(blob, `${blob}-partial`)
    expect(await names()).toEqual([])
    await rename(`${blob}-partial`, blob)
    expect(await names()).toEqual(['slow:latest'])
  })

  it('gives way to a whole one of the same name in a later store', async () => {
    const { store, own, ollama } = await setUp()
    await putModel(own, `${LIBRARY}/tiny/latest`, { model: 'lost' })
    await rm(blobOf(own, 'lost'))
    await putModel(ollama, `${LIBRARY}/tiny/latest`)
    expect((await store.find('tiny'))?.source).toBe('shared')
  })
})

describe('a folder of plain GGUF files', () => {
  it('names models by their files, in folders too', async () => {
    const { gguf, store, names } = await setUp()
    await mkdir(join(gguf, 'publisher', 'repository'), { recursive: true })
    await writeFile(join(gguf, 'SmolLM2-135M-Instruct.Q4_1.gguf'), 'a')
    await writeFile(join(gguf, 'My model (new).gguf'), 'b')
    await writeFile(join(gguf, 'publisher', 'repository', 'Phi-3-mini-Q4_K_M.GGUF'), 'c')
    await writeFile(join(gguf, 'mmproj-model-f16.gguf'), 'd')
    await writeFile(join(gguf, 'notes.txt'), 'e')
    expect(await names()).toEqual(['my-model-new-:latest', 'phi-3-mini:q4_k_m', 'smollm2-135m-instruct:q4_1'])
    expect(await store.find('SmolLM2-135M-Instruct:Q4_1')).toMatchObject({
      files: [join(gguf, 'SmolLM2-135M-Instruct.Q4_1.gguf')],
      bytes: 1,
      source: 'folder',
    })
  })

  it('takes the parts of a split file as one model, and misses a missing one', async () => {
    const { gguf, store, problems, names } = await setUp()
    await mkdir(gguf)
    for (const part of [1, 2, 3])
      await writeFile(join(gguf, `big-Q8_0-0000${part}-of-00003.gguf`), 'x'.repeat(part))
    for (const part of [1, 3]) await writeFile(join(gguf, `gap-0000${part}-of-00003.gguf`), 'x')
    expect(await names()).toEqual(['big:q8_0'])
    const model = await store.get('big:q8_0')
    expect(model.files.map((file) => file.slice(-19))).toEqual([
      '-00001-of-00003.gguf'.slice(1),
      '-00002-of-00003.gguf'.slice(1),
      '-00003-of-00003.gguf'.slice(1),
    ])
    expect(model.bytes).toBe(6)
    expect(problems).toEqual([
      expect.stringMatching(/gap\.gguf is split into 3 files, and part 2 is missing/),
    ])
  })

  it('notices a file that changes, comes and goes', async () => {
    const { gguf, store, names } = await setUp()
    await mkdir(gguf)
    const file = join(gguf, 'one.gguf')
    await writeFile(file, 'first')
    const before = await store.get('one')
    await writeFile(file, 'second and longer')
    expect((await store.get('one')).digest).not.toBe(before.digest)
    await writeFile(join(gguf, 'two.gguf'), 'x')
    expect(await names()).toEqual(['one:latest', 'two:latest'])
    await rm(file)
    expect(await store.find('one')).toBeUndefined()
  })

  it('says which of two files with one name is hidden, and survives a link to nowhere', async () => {
    const { gguf, problems, names } = await setUp()
    await mkdir(join(gguf, 'a'), { recursive: true })
    await mkdir(join(gguf, 'b'))
    await writeFile(join(gguf, 'a', 'same.gguf'), 'x')
    await writeFile(join(gguf, 'b', 'SAME.gguf'), 'y')
    await symlink(join(gguf, 'nowhere'), join(gguf, 'link.gguf'))
    expect(await names()).toEqual(['same:latest'])
    expect(problems).toEqual([
      `${join(gguf, 'b', 'SAME.gguf')} is hidden by ${join(gguf, 'a', 'same.gguf')}: both are same:latest`,
    ])
  })
})
