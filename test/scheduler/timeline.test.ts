import { describe, expect, it } from 'vitest'
import { GiB, finished, generate, gpu, model, ram, world, type World } from './world.js'

/** Two models of 5 GiB weights and 2 GiB KV cache each, and three users on a clock: t = 0 s, 3 s, 6 s. */
async function threeUsers(w: World): Promise<void> {
  const { clock, scheduler } = w
  const a = scheduler.submit(generate('llama3-8b', { client: 'A' }))
  await clock.advance(3_000)
  const b = scheduler.submit(generate('qwen3-8b', { client: 'B', keepAliveMs: 4_000 }))
  await clock.advance(3_000)
  const c = scheduler.submit(generate('llama3-8b', { client: 'C' }))
  await clock.advance(4_000)
  for (const ticket of [a, b, c]) expect(await finished(ticket)).toMatch(/-1 .*-2 .*-3 $/)
}

const models = () => ({ 'llama3-8b': model(5, 2), 'qwen3-8b': model(5, 2) })

describe('two models and three requests', () => {
  it('keeps both where both fit: load, infer, load, infer, reuse, infer, unload by keep-alive', async () => {
    const w = world(models(), [gpu(16), ram(16)])
    await threeUsers(w)
    expect(w.story()).toEqual([
      '0 llama3-8b idle→loading: not loaded: all 2 layers fit on the GPU: 7.0 GiB of 16.0 GiB free on GPU',
      '1000 llama3-8b loading→ready: loaded in 1.0 s, a first token was computed',
      '1000 llama3-8b ready→busy: llama3-8b is loaded, slot 1 of 1',
      '1040 llama3-8b busy→ready: its last job is done',
      '3000 qwen3-8b idle→loading: not loaded: all 2 layers fit on the GPU: 7.0 GiB of 9.0 GiB free on GPU',
      '4000 qwen3-8b loading→ready: loaded in 1.0 s, a first token was computed',
      '4000 qwen3-8b ready→busy: qwen3-8b is loaded, slot 1 of 1',
      '4040 qwen3-8b busy→ready: its last job is done',
      '6000 llama3-8b ready→busy: llama3-8b is loaded, slot 1 of 1',
      '6040 llama3-8b busy→ready: its last job is done',
      '8040 qwen3-8b ready→unloading: idle 4.0 s, its keep-alive of 4.0 s is over',
      '8040 qwen3-8b unloading→idle: stopped',
    ])
    expect(w.budget.usage()[0]?.reserved).toBeCloseTo(7 * GiB, -5)
  })

  it('evicts and swaps back where there is room for one', async () => {
    const w = world(models(), [gpu(8), ram(4)])
    await threeUsers(w)
    expect(w.story()).toEqual([
      '0 llama3-8b idle→loading: not loaded: all 2 layers fit on the GPU: 7.0 GiB of 8.0 GiB free on GPU',
      '1000 llama3-8b loading→ready: loaded in 1.0 s, a first token was computed',
      '1000 llama3-8b ready→busy: llama3-8b is loaded, slot 1 of 1',
      '1040 llama3-8b busy→ready: its last job is done',
      '3000 qwen3-8b idle→loading: not loaded: all 2 layers fit on the GPU: 7.0 GiB of 8.0 GiB free on GPU',
      '3000 llama3-8b ready→unloading: makes room for qwen3-8b: least recently used, idle 2.0 s, frees 7.0 GiB',
      '3000 llama3-8b unloading→idle: stopped',
      '4000 qwen3-8b loading→ready: loaded in 1.0 s, a first token was computed',
      '4000 qwen3-8b ready→busy: qwen3-8b is loaded, slot 1 of 1',
      '4040 qwen3-8b busy→ready: its last job is done',
      '6000 llama3-8b idle→loading: not loaded: all 2 layers fit on the GPU: 7.0 GiB of 8.0 GiB free on GPU',
      '6000 qwen3-8b ready→unloading: makes room for llama3-8b: least recently used, idle 2.0 s, frees 7.0 GiB',
      '6000 qwen3-8b unloading→idle: stopped',
      '7000 llama3-8b loading→ready: loaded in 1.0 s, a first token was computed',
      '7000 llama3-8b ready→busy: llama3-8b is loaded, slot 1 of 1',
      '7040 llama3-8b busy→ready: its last job is done',
    ])
  })

  it('does the same where memory would hold both but one is the limit', async () => {
    const w = world(models(), [gpu(16), ram(16)], { maxLoaded: 1 })
    await threeUsers(w)
    expect(w.backend.calls).toEqual([
      'load llama3-8b',
      'loaded llama3-8b',
      'gone llama3-8b',
      'load qwen3-8b',
      'loaded qwen3-8b',
      'gone qwen3-8b',
      'load llama3-8b',
      'loaded llama3-8b',
    ])
  })
})
