import { expect, it } from 'vitest'
import { nameFacts } from '../../../apps/web/src/host/families.js'
import { knownFacts } from '../../../apps/web/src/host/known-models.js'
import { prebuiltModels } from '../../../apps/web/src/host/webllm-models.js'

it.each([
  ['DeepSeek-R1-Distill-Llama-8B', 'mit', true],
  ['Llama-3.2-1B-Instruct', 'llama3.2', false],
  ['Llama-3-8B-Instruct', 'llama3', false],
  ['Qwen2.5-Coder-3B-Instruct', 'qwen-research', false],
  ['Qwen2.5-0.5B-Instruct', 'apache-2.0', false],
  ['Qwen3-0.6B', 'apache-2.0', true],
  ['gemma3-1b-it', 'gemma', false],
  ['gemma-2-2b-jpn-it', 'gemma', false],
  ['Ministral-3-3B-Reasoning-2512', 'apache-2.0', true],
  ['Somebodys-Own-7B', null, false],
])('%s: licence %s, thinks: %s', (name, license, thinks) => {
  expect(knownFacts(name)).toMatchObject({ license, thinks })
})

it('of nearly all models of WebLLM’s list both size and licence are known', async () => {
  const models = await prebuiltModels()
  const untold = (tells: (name: string) => unknown) => [
    ...new Set(models.map(({ spelled }) => nameFacts(spelled).name).filter((name) => tells(name) === null)),
  ]
  expect(untold((name) => knownFacts(name).parameters ?? nameFacts(name).parameters)).toEqual([
    'gemma-4-E2B-it',
  ])
  expect(untold((name) => knownFacts(name).license).length).toBeLessThanOrEqual(8)
})

it('a model that was made of other weights has the quantization that it has now', () => {
  expect(nameFacts('Ministral-3-3B-Instruct-2512-BF16-q4f16_1-MLC').quantization).toBe('q4f16_1')
})
