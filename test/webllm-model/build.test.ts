import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { buildWebModel, UnsupportedModelError } from '../../tools/webllm-model/src/index.js'
import { cacheFolder } from '../models/cache.js'
import { randomGguf, webLlmModel, whyNoWebModels, type RandomShape } from '../models/index.js'
import { temporaryFolder } from '../temporary-folder.js'
import { convertedWeights, matrixOf } from './converted.js'
import { floatTensors } from './float-gguf.js'

const why = await whyNoWebModels()

/** Every dimension of its own size, so that none can be taken for another. */
const SHAPE = {
  name: 'build',
  layers: 2,
  embedding: 96,
  heads: 6,
  kvHeads: 2,
  headSize: 32,
  ffn: 160,
  vocab: 301,
  type: 'F32',
  tied: false,
} satisfies RandomShape

describe('buildWebModel', () => {
  beforeEach((context) => {
    if (why !== undefined) context.skip(why)
  })

  it.each([
    ['q4', 4, 8],
    ['q8', 8, 8],
    ['f32', 0, 0],
  ] as const)('keeps the weights of the GGUF: %s', async (quantization, bits, embedBits) => {
    const gguf = await randomGguf({ ...SHAPE, ropeFactors: Array.from({ length: 16 }, (_, i) => 1 + i) })
    const own = await floatTensors(gguf)
    const { folder } = await buildWebModel({
      files: [gguf],
      id: `weights-${quantization}`,
      quantization,
      kernels: [],
      context: 2048,
      folder: join(cacheFolder(), 'web-models-weights'),
    })
    const weights = await convertedWeights(folder)

    const matrices: readonly (readonly [string, number, readonly string[]])[] = [
      ['embed_tokens', embedBits, ['token_embd']],
      ['output', embedBits, ['output']],
      ['layers.1.qkv', bits, ['blk.1.attn_q', 'blk.1.attn_k', 'blk.1.attn_v']],
      ['layers.1.o', bits, ['blk.1.attn_output']],
      ['layers.0.gate_up', bits, ['blk.0.ffn_gate', 'blk.0.ffn_up']],
      ['layers.0.down', bits, ['blk.0.ffn_down']],
    ]
    for (const [name, of, sources] of matrices) {
      const { values, steps } = matrixOf(weights, name, of)
      const expected = sources.flatMap((source) => Array.from(own.get(`${source}.weight`) ?? []))
      expect(values.length, name).toBe(expected.length)
      const worst = expected.reduce((most, weight, index) => {
        const room = (steps[index] ?? Number.NaN) * 0.501 + 1e-7
        return Math.max(most, Math.abs(weight - (values[index] ?? Number.NaN)) / room)
      }, 0)
      expect(worst, name).toBeLessThanOrEqual(1)
    }
    expect(weights.get('norm.weight')).toEqual(own.get('output_norm.weight'))
    expect(weights.get('rope_frequencies')?.[3]).toBeCloseTo(10_000 ** (-6 / 32) / 4, 6)
  })

  it('does not compile the same shape twice', async () => {
    const first = await webLlmModel({ gguf: await randomGguf({ ...SHAPE, seed: 1 }) })
    const { mtimeMs } = await stat(first.library)
    const folder = await temporaryFolder()
    const steps: string[] = []
    const request = {
      files: [await randomGguf({ ...SHAPE, seed: 2 })],
      id: 'second',
      quantization: 'q4',
      kernels: ['software'],
      context: 2048,
      folder,
    } as const
    const second = await buildWebModel(request, (step) => steps.push(step))
    expect(second.description.libraries[0]?.name).toBe(first.description.libraries[0]?.name)
    expect(steps.filter((step) => step.includes('Compiling'))).toEqual([])
    expect((await stat(first.library)).mtimeMs).toBe(mtimeMs)
    const library = await readFile(join(folder, 'libraries', second.description.libraries[0]?.name ?? ''))
    expect(library.equals(await readFile(first.library))).toBe(true)

    expect((await buildWebModel(request)).wasThere).toBe(true)
    // Another context length is another model directory, and the same library.
    const longer = await buildWebModel({ ...request, context: 512 }, (step) => steps.push(step))
    expect(longer.wasThere).toBe(false)
    expect(steps.filter((step) => step.includes('Compiling'))).toEqual([])
    const config = JSON.parse(await readFile(join(longer.folder, 'mlc-chat-config.json'), 'utf8'))
    expect(config.context_window_size).toBe(512)
  })

  it('refuses a model before anything is made', async () => {
    const folder = join(await temporaryFolder(), 'not-made')
    const gguf = await randomGguf({ name: 'pooled', layers: 1, pooling: 'mean' })
    const refused = buildWebModel({
      files: [gguf],
      id: 'refused',
      quantization: 'q4',
      kernels: ['software'],
      context: 2048,
      folder,
    })
    await expect(refused).rejects.toThrow(UnsupportedModelError)
    await expect(refused).rejects.toThrow(/pooled-.*\.gguf cannot be built for the browser: .*embeddings/)
    await expect(stat(folder)).rejects.toThrow(/ENOENT/)
  })
})
