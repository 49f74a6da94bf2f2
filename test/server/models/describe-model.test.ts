import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeModel, FactsFile, FactsReader, ModelStore } from '../../../apps/server/src/models/index.js'
import { randomGguf, smollm2, type RandomShape } from '../../models/index.js'
import { putModel, type ModelContents } from './ollama-store.js'
import { temporaryFolder } from '../../temporary-folder.js'

const SMALL = { name: 'described', layers: 2 } satisfies RandomShape

async function storeWith(contents: ModelContents) {
  const own = await temporaryFolder()
  await putModel(own, 'registry.ollama.ai/library/tiny/latest', contents)
  return await new ModelStore({ own, shared: [], gguf: [] }, () => {}).get('tiny')
}

const newReader = async () => new FactsReader(new FactsFile(join(await temporaryFolder(), 'facts.json')))

const weights = async (shape: RandomShape = SMALL) => await readFile(await randomGguf(shape))

describe('the description of a model', () => {
  it('has what the file says of itself', async () => {
    const described = await describeModel(await storeWith({ model: await weights() }))
    expect(described.info).toMatchObject({
      'general.architecture': 'llama',
      'llama.block_count': 2,
      'tokenizer.ggml.tokens': null,
      'general.parameter_count': expect.any(Number),
    })
    expect(described.info).not.toHaveProperty(['tokenizer.chat_template'])
    expect(described.template).toContain('<|im_start|>')
    expect(described.tensors).toContainEqual({ name: 'blk.1.attn_q.weight', shape: [128, 128], type: 'Q8_0' })
  })

  it('prefers what the manifest says, and has a Modelfile that says it again', async () => {
    const model = await storeWith({
      model: await weights(),
      layers: {
        template: '{{ .Prompt }}',
        system: 'Say "yes".',
        params: '{"stop":["<a>","<b>"],"num_ctx":512}',
        messages: '[{"role":"user","content":"hi"}]',
        license: 'free for all',
      },
    })
    const described = await describeModel(model)
    expect(described).toMatchObject({
      template: '{{ .Prompt }}',
      license: 'free for all',
      facts: { parameterSize: '1.2M', quantization: 'Q8_0' },
      parameters: [
        `stop${' '.repeat(27)}"<a>"`,
        `stop${' '.repeat(27)}"<b>"`,
        `num_ctx${' '.repeat(24)}512`,
      ].join('\n'),
    })
    expect(described.modelfile.split('\n')).toEqual([
      '# Modelfile of this model. To make another one from it, replace FROM by:',
      '# FROM tiny:latest',
      '',
      `FROM ${model.files[0]}`,
      'TEMPLATE {{ .Prompt }}',
      'SYSTEM """Say "yes"."""',
      'PARAMETER stop "<a>"',
      'PARAMETER stop "<b>"',
      'PARAMETER num_ctx 512',
      'MESSAGE user hi',
      'LICENSE free for all',
      '',
    ])
  })

  it('names a model whose file is no GGUF', async () => {
    await expect(describeModel(await storeWith({ model: 'nonsense' }))).rejects.toMatchObject({
      code: 'broken-model',
      message: expect.stringMatching(/"tiny:latest" cannot be used.*not a GGUF/),
    })
  })
})

describe('capabilities', () => {
  const chat = (template: string) => ({ ...SMALL, chatTemplate: template })

  it.each<readonly [string, RandomShape, readonly string[]]>([
    ['a plain chat template', SMALL, ['completion']],
    ['no template', { ...SMALL, chatTemplate: null }, ['completion']],
    ['a place for tools', chat('{%- if tools %}{{ tools | tojson }}{% endif %}'), ['completion', 'tools']],
    ['a word that only looks like it', chat('{{ messages }} Use your tools well.'), ['completion']],
    [
      'thinking',
      chat('{{ messages }}{% if enable_thinking %}<think>{% endif %}'),
      ['completion', 'thinking'],
    ],
    ['tokens for a gap', { ...SMALL, infill: true }, ['completion', 'insert']],
    ['pooling', { ...SMALL, pooling: 'mean' }, ['embedding']],
  ])('with %s are read from the file', async (_case, shape, expected) => {
    const model = await storeWith({ model: await weights(shape) })
    const { capabilities } = await (await newReader()).read(model)
    expect(capabilities).toEqual(expected)
  })

  it('come from Ollama’s template where the file has none', async () => {
    const model = await storeWith({
      model: await weights({ ...SMALL, chatTemplate: null }),
      layers: { template: '{{ if .Tools }}{{ .Tools }}{{ end }}{{ .Prompt }}{{ .Suffix }}{{ .Thinking }}' },
    })
    const { capabilities } = await (await newReader()).read(model)
    expect(capabilities).toEqual(['completion', 'tools', 'insert', 'thinking'])
  })
})

describe('what a list tells of a plain file', () => {
  it('is read from the file', async () => {
    const gguf = await temporaryFolder()
    await mkdir(join(gguf, 'sub'))
    await symlink(await smollm2(), join(gguf, 'sub', 'SmolLM2-135M-Instruct.Q4_1.gguf'))
    await writeFile(join(gguf, 'broken.gguf'), 'nonsense')
    const store = new ModelStore({ own: join(gguf, 'none'), shared: [], gguf: [gguf] }, () => {})
    const reader = await newReader()
    expect(await reader.listed(await store.get('smollm2-135m-instruct:q4_1'))).toEqual({
      format: 'gguf',
      family: 'llama',
      families: ['llama'],
      parameterSize: '134.52M',
      quantization: 'Q4_1',
      contextLength: 8_192,
      embeddingLength: 576,
      capabilities: ['completion'],
    })
    expect(await reader.listed(await store.get('broken'))).toEqual({ format: 'gguf', capabilities: [] })
  })

  it('is read once for each state of the file, also over a start', async () => {
    const gguf = await temporaryFolder()
    await copyFile(await randomGguf(SMALL), join(gguf, 'tiny.gguf'))
    const store = new ModelStore({ own: join(gguf, 'none'), shared: [], gguf: [gguf] }, () => {})
    const model = await store.get('tiny')
    const kept = join(gguf, 'facts.json')
    const first = await new FactsReader(new FactsFile(kept)).listed(model)
    expect(first.capabilities).toEqual(['completion'])
    // Nothing is left to be read but what was kept.
    await rm(join(gguf, 'tiny.gguf'))
    expect(await new FactsReader(new FactsFile(kept)).listed(model)).toEqual(first)
    const changed = { ...model, digest: 'f'.repeat(64) }
    expect((await new FactsReader(new FactsFile(kept)).listed(changed)).capabilities).toEqual([])
    await writeFile(kept, '{"format": 1, "entries": [["')
    expect((await new FactsReader(new FactsFile(kept)).listed(model)).capabilities).toEqual([])
  })
})
