import { describe, expect, it } from 'vitest'
import { nameFacts } from '../../../apps/web/src/host/families.js'

describe('the family of a model', () => {
  it.each([
    ['SmolLM2-135M-Instruct-q0f32-MLC', 'smollm2:135m'],
    ['SmolLM2-135M-Instruct-Q8_0.gguf', 'smollm2:135m-instruct-q8_0'],
    ['bartowski/Llama-3.2-1B-Instruct-GGUF/Llama-3.2-1B-Instruct-Q4_K_M.gguf', 'llama3.2:1b'],
    ['Llama-3.1-8B-Instruct-q4f16_1-MLC-1k', 'llama3.1:8b'],
    ['Qwen2.5-0.5B-Instruct-q4f16_1-MLC', 'qwen2.5:0.5b'],
    ['qwen2.5-0.5b-instruct-q4_k_m.gguf', 'qwen2.5:0.5b-instruct'],
    ['gemma3-1b-it-q4f16_1-MLC', 'gemma-3-1b-it-Q4_K_M.gguf'],
    ['model-Q4_0-00001-of-00003.gguf', 'model'],
  ])('%s is %s', (a, b) => {
    expect(nameFacts(a).family).toBe(nameFacts(b).family)
  })

  it.each([
    ['Llama-3.2-1B-Instruct-q4f16_1-MLC', 'Llama-3.2-3B-Instruct-q4f16_1-MLC'],
    ['Qwen2.5-0.5B-Instruct-q4f16_1-MLC', 'Qwen2.5-Coder-0.5B-Instruct-q4f16_1-MLC'],
    ['smollm2:135m', 'smollm2:360m'],
    ['Ministral-3-3B-Base-2512-q4f16_1-MLC', 'Ministral-3-3B-Instruct-2512-BF16-q4f16_1-MLC'],
  ])('%s is not %s', (a, b) => {
    expect(nameFacts(a).family).not.toBe(nameFacts(b).family)
  })

  it('takes the size that a name leaves out from what else is known', () => {
    expect(nameFacts('smollm2:latest', 134_515_008).family).toBe(nameFacts('SmolLM2-135M-Instruct').family)
    expect(nameFacts('llama3.2', 1_235_814_400).family).toBe(nameFacts('llama3.2:1.2b').family)
    expect(nameFacts('llama3', 8_030_261_248).family).toBe(nameFacts('llama3:8b').family)
  })
})

it('reads name, quantization and size', () => {
  expect(nameFacts('SmolLM2-360M-Instruct-q4f32_1-MLC')).toMatchObject({
    name: 'SmolLM2-360M-Instruct',
    quantization: 'q4f32_1',
    parameters: 360e6,
  })
  expect(nameFacts('Llama-3.2-1B-Instruct-Q4_K_M.gguf')).toMatchObject({
    name: 'Llama-3.2-1B-Instruct',
    quantization: 'Q4_K_M',
    parameters: 1e9,
  })
  expect(nameFacts('tiny')).toEqual({ name: 'tiny', family: 'tiny', quantization: null, parameters: null })
})
