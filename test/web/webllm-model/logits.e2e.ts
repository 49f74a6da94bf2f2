import {
  randomGguf,
  smollm2,
  webLlmModel,
  whyNoWebModels,
  type RandomShape,
  type WebModel,
} from '../../models/index.js'
import type { KernelKind, Quantization } from '../../../tools/webllm-model/src/index.js'
import { expect, test } from '../fixtures/index.js'
import { llamaLogits } from './llama-logits.js'
import type * as Lab from './lab.js'

const LAB = new URL('lab.ts', import.meta.url)
/** More tokens than are computed at a time, so that the cache and the merge of both parts of attention count. */
const PROMPT =
  'the old sea and the ten ships that sailed there at noon, 1492; <|im_start|>no end is in sight here'
const TOKENS = 3

/** Small, and with every dimension of its own size, so that none can be taken for another. */
const SHAPE: RandomShape = {
  layers: 2,
  embedding: 96,
  heads: 6,
  kvHeads: 2,
  headSize: 32,
  ffn: 160,
  type: 'F32',
  tied: false,
  seed: 5,
}

const mounts = (model: WebModel): Record<string, string> => ({
  '/model/resolve/main/': `${model.folder}/`,
  '/library.wasm': model.library,
})

test.describe('a compiled model', () => {
  test.beforeAll(async () => {
    test.setTimeout(600_000) // The first one on a machine waits for the compiler.
    const why = await whyNoWebModels()
    test.skip(why !== undefined, why)
  })

  const cases: readonly {
    readonly name: string
    readonly shape: RandomShape
    readonly quantization: Quantization
    readonly kernels: KernelKind
    readonly tolerance: number
  }[] = [
    {
      name: "sentence pieces, Llama 3's factors, tied embeddings",
      shape: {
        tokenizer: 'llama',
        tied: true,
        vocab: 900,
        ropeFactors: Array.from({ length: 16 }, (_, i) => 1 + i / 2),
      },
      quantization: 'f32',
      kernels: 'software',
      tolerance: 2e-3,
    },
    {
      name: 'byte pairs, eight bits',
      shape: { vocab: 1001 },
      quantization: 'q8',
      kernels: 'software',
      tolerance: 2e-2,
    },
    {
      name: 'the kernels for real adapters',
      shape: { vocab: 1001 },
      quantization: 'q8',
      kernels: 'gpu',
      tolerance: 2e-2,
    },
  ]
  for (const { name, shape, quantization, kernels, tolerance } of cases) {
    test(`gives llama.cpp's probabilities: ${name}`, async ({ openLab }) => {
      test.setTimeout(600_000)
      const gguf = await randomGguf({ ...SHAPE, name: 'logits', ...shape })
      const model = await webLlmModel({ gguf, quantization, kernels: [kernels] })
      const { lab } = await openLab<typeof Lab>(LAB, { files: mounts(model) })
      const computed = await lab.evaluate((it, [prompt, tokens]) => it.compute(prompt, tokens), [
        PROMPT,
        TOKENS,
      ] as const)
      const reference = await llamaLogits(gguf, PROMPT, TOKENS)
      expect(computed.promptTokens).toBe(reference.promptTokens)
      expect(computed.steps.length).toBe(TOKENS)
      for (const [step, expected] of reference.steps.entries()) {
        const got = computed.steps[step] ?? []
        expect(got.length).toBe(expected.length)
        const off = expected.map((value, token) => Math.abs(value - (got[token] ?? Number.NaN)))
        expect(Math.max(...off)).toBeLessThan(tolerance)
      }
    })
  }

  test('of the real SmolLM2 knows the capital of France', async ({ openLab }) => {
    test.setTimeout(600_000)
    const model = await webLlmModel({ gguf: await smollm2() })
    const { lab } = await openLab<typeof Lab>(LAB, { files: mounts(model) })
    const { text } = await lab.evaluate((it) => it.compute('What is the capital of France?', 12, true))
    expect(text).toContain('Paris')
  })
})
