import { describe, expect, it } from 'vitest'
import { parseTrace, readTrace, TraceError, traceText, type TraceLine } from '@berth/scheduler/simulation'
import { plainProfile } from '@berth/scheduler/testing'
import { model, request } from './machine.js'

const HEADER = '{"type":"trace","version":1}'
const A = '{"type":"model","model":"a","bytes":1000}'

const asked = (fields: string) =>
  `{"type":"request","at":0,"model":"a","promptTokens":1,"outputTokens":1${fields}}`

describe('a trace', () => {
  it('is read as it was written', async () => {
    const lines: readonly TraceLine[] = [
      { type: 'trace', version: 1, name: 'a trace', source: 'by hand' },
      model('a', 1, { purposes: ['generate'], parameters: 5, activeParameters: 2 }),
      { type: 'model', model: 'b', bytes: 7, profile: plainProfile({ weights: 7, kvPerToken: 4 }) },
      request(0, 'a', { client: 'me', class: 'batch', cachedTokens: 3, maxTokens: 9, contextLength: 512 }),
      request(1.5, 'b', { purpose: 'embed', keepAliveMs: -1 }),
      { type: 'end', at: 7 },
    ]
    const text = lines.map((line) => `${traceText(line)}\n`).join('')
    expect(parseTrace(text)).toEqual(lines)
    const read: TraceLine[] = []
    for await (const line of readTrace(text.split('\n'))) read.push(line)
    expect(read).toEqual(lines)
  })

  it('passes over fields that it does not know, and empty lines', () => {
    expect(parseTrace(`${HEADER.replace('}', ',"new":1}')}\n\n${A}\n`)).toHaveLength(2)
  })

  it.each([
    ['', 'line 1: type is missing, expected "trace": the trace is empty'],
    ['no', 'line 1: is "no", expected one JSON object'],
    ['[1]', 'line 1: is [1], expected one JSON object'],
    [A, 'line 1: type is "model", expected "trace": the first line is the header'],
    ['{"type":"trace","version":2}', 'line 1: version is 2, expected 1'],
    [
      `${HEADER}\n${HEADER}`,
      'line 2: type is "trace", expected a model, a request or the end: the header comes once',
    ],
    [`${HEADER}\n{"type":"x"}`, 'line 2: type is "x", expected one of trace, model, request, end'],
    [
      `${HEADER}\n{"type":"model","model":"a","bytes":-1}`,
      'line 2: bytes is -1, expected a whole number from 0',
    ],
    [`${HEADER}\n${A}\n${A}`, 'line 3: model is "a", expected a model that was not named before'],
    [
      `${HEADER}\n${A.replace('}', ',"shape":{"layers":0,"kvBytesPerToken":1}}')}`,
      'line 2: shape.layers is 0, expected a whole number from 1',
    ],
    [
      `${HEADER}\n${A.replace('}', ',"profile":{"kind":"foreign","trainedContext":null}}')}`,
      'line 2: profile.kind is "foreign", expected gguf or webllm: what runs elsewhere cannot be simulated',
    ],
    [
      `${HEADER}\n${A.replace('}', ',"rates":{"loadMs":"1"}}')}`,
      'line 2: rates.loadMs is "1", expected a number from 0',
    ],
    [
      `${HEADER}\n${asked('')}`,
      'line 2: model is "a", expected a model that a line of type "model" names before',
    ],
    [
      `${HEADER}\n${A}\n${asked(',"class":"vip"')}`,
      'line 3: class is "vip", expected one of interactive, normal, batch',
    ],
    [`${HEADER}\n${A}\n${asked(',"maxTokens":0')}`, 'line 3: maxTokens is 0, expected a whole number from 1'],
    [
      `${HEADER}\n${A}\n${asked('').replace('"at":0', '"at":5')}\n${asked('')}`,
      'line 4: at is 0, expected 5 or more: lines come in the order of their times',
    ],
    [
      `${HEADER}\n{"type":"end","at":1}\n${A}`,
      'line 3: type is "model", expected nothing: the line of type "end" is the last',
    ],
  ])('refuses %j: %s', (text, message) => {
    const refused = () => parseTrace(text)
    expect(refused).toThrow(TraceError)
    expect(refused).toThrow(message)
  })
})
