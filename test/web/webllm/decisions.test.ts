import type { Message } from '@berth/scheduler'
import { describe, expect, test } from 'vitest'
import type { AdapterFacts, WebLlmModel } from '../../../apps/web/src/webllm/index.js'
import { LoadMeter } from '../../../apps/web/src/webllm/load-meter.js'
import {
  chooseLibrary,
  filesAddress,
  missingFeatures,
  modelOfRecord,
} from '../../../apps/web/src/webllm/model.js'
import { readConfig, readTensorCache } from '../../../apps/web/src/webllm/model-files.js'
import { libraryKey } from '../../../apps/web/src/webllm/weights.js'
import { loadError, runError } from '../../../apps/web/src/webllm/worker/errors.js'
import { fitMessages, fitRaw } from '../../../apps/web/src/webllm/worker/fit-prompt.js'
import { LogitsTap } from '../../../apps/web/src/webllm/worker/logits-tap.js'

const GPU: AdapterFacts = {
  name: 'a GPU',
  software: false,
  features: ['shader-f16'],
  maxBufferBytes: 2 ** 30,
  maxBindingBytes: 2 ** 30,
}
const SOFTWARE: AdapterFacts = { ...GPU, name: 'swiftshader', software: true, features: [] }

function prebuilt(id: string, more: object = {}): WebLlmModel {
  return modelOfRecord({
    model: `https://example.org/${id}`,
    model_id: id,
    model_lib: 'https://example.org/a.wasm',
    ...more,
  })
}

const library = (kernels: 'gpu' | 'software', ...requiredFeatures: string[]) => ({
  url: `https://example.org/${kernels}-${requiredFeatures.join('-')}.wasm`,
  kernels,
  requiredFeatures,
  bytes: null,
})

/** Ten tokens a message beside its characters, as a template might have it. */
const size = (messages: readonly Message[]): number =>
  messages.reduce((sum, { content }) => sum + content.length + 10, 0)

const spell = (id: number) => ({ token: `t${id}`, bytes: [id] })

const logits = (...values: number[]): Float32Array => Float32Array.from(values)

const named = (name: string, message = 'm'): Error => Object.assign(new Error(message), { name })

describe('which library, and whether at all', () => {
  const model: WebLlmModel = {
    ...prebuilt('a'),
    libraries: [library('gpu', 'shader-f16'), library('gpu'), library('software')],
  }

  test('is the adapter’s affair', () => {
    expect(chooseLibrary(model, GPU)).toBe(model.libraries[0])
    expect(chooseLibrary(model, { ...GPU, features: [] })).toBe(model.libraries[1])
    expect(chooseLibrary(model, SOFTWARE)).toBe(model.libraries[2])
    expect(missingFeatures(model, SOFTWARE)).toEqual([])
  })

  test.each([
    ['Llama-3.2-1B-Instruct-q4f16_1-MLC', ['shader-f16']],
    ['SmolLM2-135M-Instruct-q0f16-MLC', ['shader-f16']],
    ['Llama-3.2-1B-Instruct-q4f32_1-MLC', []],
  ])('is told by the id, where the record does not: %s', (id, missing) => {
    expect(missingFeatures(prebuilt(id), SOFTWARE)).toEqual(missing)
    expect(missingFeatures(prebuilt(id), GPU)).toEqual([])
  })

  test('counts declared features once, and buffers too large', () => {
    const large = prebuilt('x-q4f16_1', {
      required_features: ['shader-f16'],
      buffer_size_required_bytes: 2 ** 31,
    })
    expect(missingFeatures(large, SOFTWARE)).toEqual(['shader-f16', 'GPU buffers of 2.0 GiB'])
  })
})

describe('where files are', () => {
  test.each([
    ['https://huggingface.co/mlc-ai/a', 'https://huggingface.co/mlc-ai/a/resolve/main/'],
    ['https://huggingface.co/mlc-ai/a/resolve/v1', 'https://huggingface.co/mlc-ai/a/resolve/v1/'],
    ['http://127.0.0.1:1/web-models/a/v/resolve/main/', 'http://127.0.0.1:1/web-models/a/v/resolve/main/'],
  ])('%s', (model, address) => {
    expect(filesAddress({ model, model_id: 'a', model_lib: '' })).toBe(address)
  })

  test('a library is kept under an address that WebLLM looks up', () => {
    expect(libraryKey('http://127.0.0.1:1/a.wasm')).toBe('http://127.0.0.1:1/a.wasm')
    const key = libraryKey('http://localhost:1/a.wasm')
    expect(key).toMatch(/^http:\/\/[^/]*\.invalid\//)
    expect(key).not.toContain('localhost')
    expect(libraryKey('http://localhost:2/a.wasm')).not.toBe(key)
  })

  test.each([
    [{ tokenizer_files: ['vocab.txt'] }, /tokenizer_files.*vocab\.txt/],
    [{}, /tokenizer_files/],
    ['text', /an object/],
  ])('a configuration that is none is refused by field: %j', (value, message) => {
    expect(() => readConfig(value, 'c.json')).toThrow(message)
  })

  test('a list of shards names files of its own folder only', () => {
    expect(() => readTensorCache({ records: [{ dataPath: '../x', nbytes: 1 }] }, 't.json')).toThrow(
      /records\[0\]\.dataPath/,
    )
    expect(() => readTensorCache({ records: [{ dataPath: 'x.bin', nbytes: -1 }] }, 't.json')).toThrow(
      /nbytes.*-1/,
    )
  })
})

test('progress never goes back, and ends at 1', () => {
  const fractions: number[] = []
  const meter = new LoadMeter(({ fraction }) => void fractions.push(fraction))
  meter.starting()
  meter.fetching(50, 100)
  meter.fetching(100, 400)
  meter.engine('reading', 1)
  meter.engine('compiling', 0.3)
  meter.engine('checking', 0)
  meter.done()
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
  expect(fractions[0]).toBe(0)
  expect(fractions.at(-1)).toBe(1)
})

describe('a prompt that is too long', () => {
  test('as text loses its middle', () => {
    expect(fitRaw([1, 2, 3, 4, 5, 6], 4, 1)).toEqual([1, 4, 5, 6])
    expect(fitRaw([1, 2, 3], 4, 1)).toEqual([1, 2, 3])
    expect(fitRaw([1, 2, 3, 4], 2, 9)).toEqual([1, 4])
  })

  const turns: readonly Message[] = [
    { role: 'system', content: 'sss' },
    { role: 'user', content: 'a'.repeat(50) },
    { role: 'assistant', content: 'b'.repeat(50) },
    { role: 'user', content: 'c'.repeat(50) },
    { role: 'assistant', content: 'd'.repeat(50) },
    { role: 'user', content: 'e'.repeat(20) },
  ]
  const fit = async (limit: number): Promise<{ taken: string; attempts: number }> => {
    let attempts = 0
    let taken = ''
    await fitMessages(
      turns,
      limit,
      async (messages) => {
        attempts += 1
        if (size(messages) > limit) return size(messages)
        taken = messages.map(({ content }) => content[0]).join('')
        return null
      },
      (text) => text.length,
      (tokens) => new Error(`too long: ${tokens}`),
    )
    return { taken, attempts }
  }

  test.each([
    [1000, 'sabcde', 1],
    [size(turns) - 1, 'scde', 2],
    [100, 'se', 2],
  ])('as messages loses its oldest turns, and takes few tries: %i tokens', async (limit, taken, attempts) => {
    expect(await fit(limit)).toEqual({ taken, attempts })
  })

  test('is refused where the last turn alone is', async () => {
    await expect(fit(30)).rejects.toThrow('too long: 43')
  })
})

describe('the logits', () => {
  test('are narrowed to the likeliest, and to what is not too unlikely', () => {
    const top = new LogitsTap({ topK: 2 }, null, spell).processLogits(logits(1, 4, 3, 2))
    expect([...top].map((value) => value > -1e6)).toEqual([false, true, true, false])
    const min = new LogitsTap({ minP: 0.5 }, null, spell).processLogits(
      logits(0, Math.log(0.4), Math.log(0.6)),
    )
    expect([...min].map((value) => value > -1e6)).toEqual([true, false, true])
  })

  test('give natural logarithms of all the probabilities, none below -9999', () => {
    const tap = new LogitsTap({}, 2, spell)
    tap.processLogits(logits(Math.log(1), Math.log(3), -Infinity))
    tap.processSampledToken(2)
    expect(tap.last).toMatchObject({ token: 't2', logprob: -9999, top: [{ token: 't1' }, { token: 't0' }] })
    expect(tap.last?.top[0]?.logprob).toBeCloseTo(Math.log(0.75))
  })
})

describe('errors', () => {
  test.each([
    [named('GrammarMatcherInitError'), 'bad-job'],
    [named('ContextWindowSizeExceededError'), 'context-overflow'],
    [named('DeviceLostError'), 'lost'],
    [{}, 'engine'],
    ['text', 'engine'],
  ])('of runs: %s', (error, code) => {
    expect(runError(error).code).toBe(code)
    expect(runError(error).message).not.toContain('[object Object]')
  })

  test.each([
    [new Error('Tensor-cache record range [0, 9) exceeds shard size 2'), 'bad-model'],
    [named('CompileError', 'WebAssembly.compile(): expected magic word'), 'bad-model'],
    [named('ShaderF16SupportError'), 'unsupported'],
    [named('IntegrityError'), 'bad-model'],
    [new Error('something else'), 'engine'],
  ])('of loads: %s', (error, code) => {
    expect(loadError(error).code).toBe(code)
  })
})
