import { grammarSchema, renderChat, type ChatFormat } from '@berth/protocol'
import type { Message } from '@berth/scheduler'
import type { BatchItem } from 'node-llama-cpp'
import { describe, expect, it } from 'vitest'
import { Batching } from '../../../apps/server/src/llama/child/batching.js'
import { loadError } from '../../../apps/server/src/llama/child/load-error.js'
import { samplerConfig, usableSeed } from '../../../apps/server/src/llama/child/sampling.js'
import { chooseSlot, nextChunk, reusable, shifted } from '../../../apps/server/src/llama/child/slots.js'
import { ThreadShare, usableThreads } from '../../../apps/server/src/llama/child/thread-share.js'
import { devicesOf, eachGpu } from '../../../apps/server/src/llama/devices.js'
import { hostMemory } from '../../../apps/server/src/llama/host-memory.js'
import { memoryByDevice } from '../../../apps/server/src/llama/memory-report.js'
import type { ProbeResult } from '../../../apps/server/src/llama/protocol.js'

const upTo = (length: number) => Array.from({ length }, (_, index) => index)

/** Three slots, two with so many tokens of the prompt. */
const slots = (cached: number) => [
  { id: 0, tokens: upTo(20) },
  { id: 2, tokens: upTo(cached) },
  { id: 3, tokens: upTo(cached) },
]

/** Where a prompt of this length is cut. */
const cuts = (from: number, length: number) => {
  const seen = []
  for (let done = from; done < length;) seen.push((done += nextChunk(done, length, 128)))
  return seen
}

const item = (evaluationPriority: 1 | 2 | 3 | 4): BatchItem => ({
  tokens: [],
  logits: [true],
  evaluationPriority,
})

const device = (id: string) => ({ device: id, bytes: 1 })

describe('a job gets', () => {
  const prompt = upTo(200)

  it('the lowest free slot, for gapless sequences decode fastest', () => {
    const free = [2, 0, 3].map((id) => ({ id, tokens: [] }))
    expect(chooseSlot(free, prompt)?.id).toBe(0)
    expect(chooseSlot([], prompt)).toBeNull()
  })

  it('a higher slot only for a prefix that is worth the gap', () => {
    expect(chooseSlot(slots(83), prompt)?.id).toBe(0)
    expect(chooseSlot(slots(84), prompt)?.id).toBe(2)
  })

  it('all of a cached prefix but the last token, or whole granules of it to be repeatable', () => {
    expect(reusable(200, 200, false)).toBe(199)
    expect(reusable(150, 200, false)).toBe(150)
    expect(reusable(150, 200, true)).toBe(128)
    expect(reusable(128, 128, true)).toBe(64)
    expect(reusable(1, 1, true)).toBe(0)
  })

  it('its prompt in chunks, cut alike at the end whether or not it was cached', () => {
    expect(cuts(0, 300)).toEqual([128, 256, 300])
    expect(cuts(256, 300)).toEqual([256 + 44])
    expect(cuts(0, 200)).toEqual([128, 192, 200])
    expect(cuts(192, 200)).toEqual([200])
    expect(cuts(150, 200)).toEqual([192, 200])
    expect(cuts(0, 64)).toEqual([64])
    expect(cuts(199, 200)).toEqual([200])
  })
})

describe('a context that is full', () => {
  const cases = [1, 2, 3, 4, 5, 6, 7, 8, 512].flatMap((limit) =>
    [0, 1, 2, limit, 1_000].map((keep) => [limit, keep] as const),
  )
  it.each(cases)('of %d tokens, the first %d to be kept, forgets some and never the last', (limit, keep) => {
    const { start, end } = shifted(limit, keep)
    expect(start).toBeGreaterThanOrEqual(0)
    expect(start).toBeLessThanOrEqual(keep)
    expect(end).toBeGreaterThan(start)
    // The last of the limit and one more stays.
    expect(end).toBeLessThanOrEqual(limit)
  })

  it('forgets the older half of what may be forgotten', () => {
    expect(shifted(512, 0)).toEqual({ start: 0, end: 256 })
    expect(shifted(512, 12)).toEqual({ start: 12, end: 262 })
  })
})

describe('batches', () => {
  it('wait until every running job has queued, a bounded number of times', () => {
    const batching = new Batching()
    batching.enter()
    batching.enter()
    expect(batching.strategy({ items: [item(1)], size: 512 })).toEqual([])
    expect(batching.strategy({ items: [item(2), item(1)], size: 512 })).toHaveLength(2)
    let waits = 0
    while (batching.strategy({ items: [item(1)], size: 512 }).length === 0) waits++
    expect(waits).toBe(64)
    batching.leave()
    expect(batching.strategy({ items: [item(1)], size: 512 })).toHaveLength(1)
  })

  it('go in the order of the sequences', () => {
    const batch = new Batching().strategy({ items: [item(4), item(1), item(2)], size: 512 })
    expect(batch.map(({ item: { evaluationPriority } }) => evaluationPriority)).toEqual([1, 2, 4])
  })

  it('pause for whatever needs the engine to hold still', async () => {
    const batching = new Batching()
    batching.enter()
    expect(batching.turn()).toBeUndefined()
    let finish!: () => void
    const pause = batching.whilePaused(() => new Promise<void>((resolve) => (finish = resolve)))
    let went = false
    const turn = Promise.resolve(batching.turn()).then(() => (went = true))
    await Promise.resolve()
    expect(went).toBe(false)
    // Nobody waits for the job that holds still.
    expect(batching.strategy({ items: [item(1)], size: 512 })).toHaveLength(1)
    finish()
    await Promise.all([pause, turn])
    expect(went).toBe(true)
  })
})

describe('threads', () => {
  it('are the share, less the cores that others keep busy, and one at least', () => {
    expect(usableThreads(2, 2, 0.3)).toBe(2)
    expect(usableThreads(2, 2, 0.4)).toBe(1)
    expect(usableThreads(2, 2, 2)).toBe(1)
    expect(usableThreads(4, 16, 1)).toBe(4)
    expect(usableThreads(16, 16, 1)).toBe(15)
  })

  it('follow what the machine has to give while work goes on', () => {
    let times = { busy: 0, all: 0, own: 0, cores: 4 }
    let now = 0
    const applied: number[] = []
    const share = new ThreadShare(
      4,
      (threads) => applied.push(threads),
      () => times,
      () => now,
    )
    /** A second in which so many cores were ours and others'. */
    const second = (own: number, others: number) => {
      now += 1_000
      times = {
        busy: times.busy + (own + others) * 1_000,
        all: times.all + 4_000,
        own: times.own + own * 1_000,
        cores: 4,
      }
      share.tick()
    }
    second(1, 2)
    share.share = 3
    second(2, 0)
    // A pause: what others did in it says nothing of now.
    second(0.1, 3.9)
    second(1, 3)
    share.share = 1
    second(1, 0)
    // Too soon for another look.
    now += 10
    share.tick()
    expect(applied).toEqual([2, 2, 3, 1, 1, 1])
  })
})

describe('sampling settings', () => {
  it('are off where nothing is said', () => {
    const { seed, ...rest } = samplerConfig({}, [1, 2], 100, undefined)
    expect(rest).toEqual({ temperature: 1 })
    expect(Number.isInteger(seed)).toBe(true)
  })

  it('become what the engine calls them', () => {
    const sampling = {
      temperature: 0.5,
      topK: 40,
      topP: 0.9,
      minP: 0.1,
      seed: 7,
      repeatPenalty: 1.1,
      repeatLastN: 2,
      logitBias: { 5: -1 },
    }
    expect(samplerConfig(sampling, [1, 2, 3], 100, undefined)).toEqual({
      temperature: 0.5,
      topK: 40,
      topP: expect.closeTo(0.9),
      minP: 0.1,
      seed: 7,
      repeatPenalty: 1.1,
      repeatPenaltyMaxTokens: 2,
      repeatPenaltyTokens: Uint32Array.of(2, 3),
      repeatPenaltyPresencePenalty: 0,
      repeatPenaltyFrequencyPenalty: 0,
      tokenBiasKeys: Uint32Array.of(5),
      tokenBiasValues: Float32Array.of(-1),
    })
  })

  it('take any whole number for a seed, never the one that means none', () => {
    expect(usableSeed(42)).toBe(42)
    expect(usableSeed(-2)).toBe(0xffff_fffe)
    expect(usableSeed(-1)).not.toBe(0xffff_ffff)
    expect(usableSeed(2 ** 40 + 5)).toBe(5)
  })
})

describe('a schema becomes one that makes a grammar', () => {
  it.each([
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, { oneOf: [{ type: 'string' }, { type: 'null' }] }],
    [{ $ref: '#/definitions/a' }, { $ref: '#/$defs/a' }],
    [
      { type: 'string', pattern: 'x', minLength: 2 },
      { type: 'string', minLength: 2 },
    ],
    [{ enum: ['a', 1] }, { enum: ['a', 1] }],
    [{ items: { type: 'integer' } }, { type: 'array', items: { type: 'integer' } }],
    [{ type: ['string', 'null'] }, { type: ['string', 'null'] }],
  ])('%j', (schema, wanted) => {
    expect(grammarSchema(schema)).toEqual(wanted)
  })

  it('with everything in it', () => {
    expect(grammarSchema({ properties: { a: { anyOf: [{ type: 'number' }] } } })).toEqual({
      type: 'object',
      properties: { a: { oneOf: [{ type: 'number' }] } },
      additionalProperties: false,
    })
  })

  it('or says what is wrong, and where', () => {
    expect(() => grammarSchema({ properties: { a: { type: 'text' } } })).toThrow(
      /`format\.properties\.a\.type` .*"text"/,
    )
    expect(() => grammarSchema({ not: {} })).toThrow(/format\.not/)
  })
})

describe('what the engine says when it cannot load', () => {
  it.each([
    [['ggml_aligned_malloc: insufficient memory', 'failed to allocate buffer for kv cache'], 'out-of-memory'],
    [["tensor 'blk.0.attn_q.weight' data is not within the file bounds"], 'bad-model'],
    [[], 'bad-model'],
  ])('%j', (said, code) => {
    const error = loadError(new Error('Failed to load model'), said, 'a.gguf')
    expect(error).toMatchObject({ code, message: expect.stringContaining('a.gguf') })
    expect(error.message).toContain(said.at(-1) ?? 'Failed to load model')
  })
})

describe('a chat', () => {
  const format: ChatFormat = { template: null, bos: '', eos: '', knowsChatMl: false }
  const turns: Message[] = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
  ]
  const prompt = { kind: 'messages', messages: turns } as const

  it('is read by the model’s own template, with nothing put in', () => {
    const template = '{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{{ x }}'
    const own = renderChat({ ...prompt, templateArguments: { x: '!' } }, turns, { ...format, template })
    expect(own).toMatchObject({ text: '[system]Be brief.[user]Hi!', stop: [] })
  })

  it('has its system prompt before the first question where the template knows none', () => {
    const template =
      "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" +
      '{% for m in messages %}{{ m.content }}{% endfor %}'
    expect(renderChat(prompt, turns, { ...format, template }).text).toBe('Be brief.\n\nHi')
  })

  it('is ChatML or a transcript where the model has no template', () => {
    expect(renderChat(prompt, turns, { ...format, knowsChatMl: true }).text).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
    )
    expect(renderChat(prompt, turns, format)).toMatchObject({
      text: 'Be brief.\n\nUser: Hi\n\nAssistant:',
      stop: ['\nUser:'],
    })
  })

  it('with images is not for this engine', () => {
    const seen = { ...turns[1]!, images: [new Uint8Array(1)] }
    expect(() => renderChat(prompt, [seen], format)).toThrow(/images/)
  })

  it('may bring a template of Ollama’s, in Go’s language', () => {
    const template = { language: 'go', source: '{{ .System }}|{{ .Prompt }}|' } as const
    expect(renderChat({ ...prompt, template }, turns, format).text).toBe('Be brief.|Hi|')
    const broken = { language: 'go', source: '{{ nonsense }}' } as const
    expect(() => renderChat({ ...prompt, template: broken }, turns, format)).toThrow(
      /The chat template failed: .*nonsense/,
    )
  })
})

const gpuless: ProbeResult = {
  gpu: false,
  gpuNames: [],
  vram: { total: 0, used: 0, unified: 0 },
  systemInfo: '',
  residentBytes: 0,
}
const vram = (total: number) => ({ total, used: 0, unified: 0 })
const neverLook = () => Promise.reject(new Error('Expected no other look'))

describe('the memories of the machine', () => {
  it('are RAM alone, RAM and GPUs, or one unified memory', () => {
    const host = { capacity: 100, used: 30 }
    expect(devicesOf(host, gpuless, []).devices.map(({ id }) => id)).toEqual(['ram'])
    const two = { ...gpuless, gpu: 'cuda', gpuNames: ['A', 'B'] } as const
    const cards = devicesOf(host, two, [
      { total: 10, used: 1, unified: 0 },
      { total: 20, used: 2, unified: 0 },
    ])
    expect(cards.devices.map(({ id, capacity }) => [id, capacity])).toEqual([
      ['gpu0', 10],
      ['gpu1', 20],
      ['ram', 100],
    ])
    const apple = { ...gpuless, gpu: 'metal', gpuNames: ['M9'] } as const
    const unified = devicesOf(host, apple, [{ total: 75, used: 5, unified: 75 }])
    expect(unified).toMatchObject({ devices: [{ id: 'unified', kind: 'unified', capacity: 75 }] })
  })

  it.each([
    ['cuda', 'CUDA_VISIBLE_DEVICES', [1, 2]],
    ['vulkan', 'GGML_VK_VISIBLE_DEVICES', [1, 2]],
    // It cannot be told at which to look: they are one, of the sum.
    ['metal', null, [3]],
  ] as const)(
    'of several GPUs of %s are looked at one by one, if they can be',
    async (gpu, variable, totals) => {
      const both: ProbeResult = { ...gpuless, gpu, gpuNames: ['A', 'B'], vram: vram(3) }
      const asked: unknown[] = []
      const found = await eachGpu(both, (_gpu, env) => {
        asked.push(env)
        return Promise.resolve({ ...both, vram: vram(asked.length) })
      })
      expect(found.map(({ total }) => total)).toEqual(totals)
      expect(asked).toEqual(variable === null ? [] : [{ [variable]: '0' }, { [variable]: '1' }])
    },
  )

  it('of one GPU, or none, need no second look', async () => {
    const one: ProbeResult = {
      ...gpuless,
      gpu: 'cuda',
      gpuNames: ['A'],
      vram: { total: 8, used: 1, unified: 0 },
    }
    expect(await eachGpu(one, neverLook)).toEqual([one.vram])
    expect(await eachGpu(gpuless, neverLook)).toEqual([])
  })

  it('are as large as the control group allows', async () => {
    const files: Record<string, string> = {
      '/proc/meminfo': 'MemTotal: 999999999 kB\nMemAvailable: 999 kB\n',
      '/proc/self/cgroup': '0::/a/b\n',
      '/sys/fs/cgroup/a/b/memory.max': 'max\n',
      '/sys/fs/cgroup/a/memory.max': '1000000\n',
      '/sys/fs/cgroup/a/memory.current': '500000\n',
      '/sys/fs/cgroup/a/memory.stat': 'anon 1\ninactive_file 200000\n',
    }
    expect(await hostMemory((path) => Promise.resolve(files[path] ?? null))).toEqual({
      capacity: 1_000_000,
      used: 300_000,
    })
  })

  it('hold a model as its layers are split', () => {
    const placement = {
      kind: 'gpu',
      gpuLayers: 4,
      split: [
        { device: 'gpu0', layers: 3 },
        { device: 'gpu1', layers: 1 },
      ],
      bytes: [device('gpu0'), device('gpu1'), device('ram')],
      parts: [],
      reason: '',
    } as const
    expect(memoryByDevice({ ram: 5, vram: 400 }, placement, { host: 1, gpu: 2 })).toEqual([
      { device: 'ram', bytes: 6 },
      { device: 'gpu0', bytes: 302 },
      { device: 'gpu1', bytes: 102 },
    ])
    const unified = { ...placement, split: [], bytes: [device('unified')] }
    expect(memoryByDevice({ ram: 5, vram: 4 }, unified, { host: 1, gpu: 2 })).toEqual([
      { device: 'unified', bytes: 12 },
    ])
  })
})
