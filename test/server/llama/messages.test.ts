import { describe, expect, it } from 'vitest'
import { asFromChild, asToChild } from '../../../apps/server/src/llama/check-messages.js'

describe('messages between the server and its children', () => {
  const metrics = { promptTokens: 1, cachedTokens: 0, promptMs: 1, decodedTokens: 1, decodeMs: 1 }
  const state = { prompt: [1], answer: [], context: [1], metrics }
  const embed = { kind: 'embed', inputs: ['one'], truncate: true }
  const generate = {
    kind: 'generate',
    prompt: { kind: 'messages', messages: [{ role: 'user', content: 'Hello' }] },
    sampling: { temperature: 0 },
    maxTokens: 8,
    stop: ['END'],
    overflow: { prompt: 'truncate', answer: 'stop' },
    format: { kind: 'json' },
    logprobs: { top: 1 },
    returnTokens: true,
  }
  const order = {
    path: 'a.gguf',
    adapters: [],
    parkingFolder: 'parked',
    purpose: 'generate',
    contextLength: 512,
    slots: 1,
    kvType: 'f16',
    flashAttention: 'auto',
    gpuLayers: 0,
    useMmap: true,
    batchSize: 512,
    embedLimit: 511,
    threads: 1,
    maxThreads: 2,
  }
  const start = { type: 'start', run: 1, job: generate, from: { parked: 1, state } }
  const load = { type: 'load', gpu: false, order }
  const parked = { how: 'parked', metrics, parked: 1, state, tokens: 1, bytes: 1, steps: 1, ms: 1.5 }
  const report = {
    run: 1,
    pieces: [
      { type: 'text', text: 'a', tokens: 1, logprobs: [] },
      { type: 'embedding', index: 0, vector: [1], tokens: 1 },
      { type: 'finished', reason: 'stop', metrics, context: [1] },
    ],
    progress: { phase: 'prompt', tokens: 1, of: 2 },
    outcome: parked,
  }
  const probe = {
    gpu: false,
    gpuNames: [],
    vram: { total: 0, used: 0, unified: 0 },
    systemInfo: '',
    residentBytes: 0,
  }
  const runs = (more: object) => ({ type: 'runs', reports: [{ ...report, ...more }] })

  it.each<[object]>([[{ type: 'cancel', run: 3 }], [start], [{ ...start, job: embed }], [load]])(
    'are taken when they make sense: %j',
    (message) => {
      expect(asToChild(message)).toBe(message)
    },
  )

  it.each<[object]>([
    [runs({})],
    [{ type: 'runs', reports: [{ run: 1, pieces: [] }] }],
    [
      runs({
        progress: { phase: 'decode', tokens: 1 },
        outcome: { how: 'finished', reason: 'length', metrics },
      }),
    ],
    [{ type: 'probed', result: probe }],
  ])('are taken by the server as well: %j', (message) => {
    expect(asFromChild(message)).toBe(message)
  })

  it.each<[unknown, RegExp]>([
    [null, /`type`/],
    [{ type: 'strange' }, /"strange"/],
    [{ type: 'toString' }, /"toString"/],
    [{ type: 'cancel' }, /`run`/],
    [{ ...start, job: { kind: 'dance' } }, /`job`/],
    [{ ...start, job: { kind: 'toString' } }, /`job`/],
    [{ ...start, job: { ...embed, inputs: [1] } }, /`job`/],
    [{ ...start, job: { ...generate, prompt: { kind: 'raw' } } }, /`job`/],
    [{ ...start, job: { ...generate, stop: 'END' } }, /`job`/],
    [{ ...start, job: { ...generate, format: { kind: 'xml' } } }, /`job`/],
    [{ ...start, from: { parked: 1 } }, /`from`/],
    [{ ...load, order: { ...order, slots: '1' } }, /`order`/],
    [{ ...load, order: { ...order, purpose: 'dance' } }, /`order`/],
    [{ ...load, order: {} }, /`order`/],
  ])('are refused otherwise: %j', (message, why) => {
    expect(() => asToChild(message)).toThrow(why)
  })

  it.each<[unknown, RegExp]>([
    [runs({ run: 'one' }), /`reports`/],
    [runs({ pieces: [{ type: 'song' }] }), /`reports`/],
    [runs({ pieces: [{ type: 'text', text: 'a' }] }), /`reports`/],
    [runs({ pieces: [{ type: 'finished', reason: 'tired', metrics }] }), /`reports`/],
    [runs({ progress: { phase: 'prompt', tokens: 1 } }), /`reports`/],
    [runs({ outcome: { how: 'vanished' } }), /`reports`/],
    [runs({ outcome: { how: 'cancelled' } }), /`reports`/],
    [runs({ outcome: { ...parked, state: [] } }), /`reports`/],
    [{ type: 'failed', error: 'because' }, /`error`/],
    [{ type: 'loaded', memory: { ram: 1 } }, /`memory`/],
    [{ type: 'probed', result: { ...probe, gpuNames: 'A' } }, /`result`/],
  ])('are refused by the server as well: %j', (message, why) => {
    expect(() => asFromChild(message)).toThrow(why)
  })
})
