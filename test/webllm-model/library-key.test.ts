import { expect, it } from 'vitest'
import { readGgufMetadata } from '../../apps/server/src/models/index.js'
import { idOf, libraryKey, shapeOf } from '../../tools/webllm-model/src/index.js'
import { randomGguf, type RandomShape } from '../models/index.js'

const SHAPE = { name: 'key', layers: 1, embedding: 64, heads: 2, kvHeads: 1, ffn: 96, vocab: 300 }

async function keyOf(
  more: RandomShape = {},
  quantization: 'q4' | 'q8' = 'q4',
  kernels: 'software' | 'gpu' = 'software',
) {
  return libraryKey(
    shapeOf(await readGgufMetadata(await randomGguf({ ...SHAPE, ...more })), quantization),
    kernels,
  )
}

it('a library is one shape and one kind of kernels', async () => {
  const key = await keyOf()
  // Other weights, another name, another way to store them, frequencies of another kind.
  expect(await keyOf({ seed: 9, name: 'other', type: 'F16', context: 512 })).toBe(key)
  expect(await keyOf({ ropeFactors: Array.from({ length: 16 }, () => 2) })).toBe(key)
  const others = await Promise.all([
    keyOf({ layers: 2 }),
    keyOf({ vocab: 301 }),
    keyOf({ tied: false }),
    keyOf({}, 'q8'),
    keyOf({}, 'q4', 'gpu'),
  ])
  expect(new Set([key, ...others]).size).toBe(others.length + 1)
})

it('an id is made of any name', () => {
  expect(idOf('SmolLM2:135m', 'q4')).toBe('smollm2-135m-q4')
  expect(idOf('hf.co/Some One/Model.gguf', 'f32')).toBe('hf.co-some-one-model.gguf-f32')
  expect(() => idOf('…', 'q4')).toThrow(/No id can be made of the name "…"/)
})
