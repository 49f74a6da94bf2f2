import { ndjsonLine, ndjsonValues, sseComment, sseEvent, sseEvents } from '@berth/protocol'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/** The text in pieces, cut wherever. */
async function* cut(text: string, sizes: readonly number[]): AsyncGenerator<string, void, void> {
  let at = 0
  for (const size of sizes) {
    yield text.slice(at, at + size)
    at += size
  }
  yield text.slice(at)
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const value of values) list.push(value)
  return list
}

const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 })

describe('NDJSON', () => {
  it('gives back what was written, however the text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), sizes, async (values, cuts) => {
        const text = values.map((value) => ndjsonLine(value)).join('')
        expect(await all(ndjsonValues(cut(text, cuts)))).toEqual(JSON.parse(JSON.stringify(values)))
      }),
    )
  })

  it('takes a last line without an end, and passes over empty ones', async () => {
    expect(await all(ndjsonValues(cut('{"a":1}\r\n\n{"a":2}', [])))).toEqual([{ a: 1 }, { a: 2 }])
  })

  it('throws on a line that is no JSON', async () => {
    await expect(all(ndjsonValues(cut('{"a":1}\n{"a":\n', [])))).rejects.toThrow(SyntaxError)
  })
})

describe('server-sent events', () => {
  it('are read by another reader as they were meant', () => {
    const seen: EventSourceMessage[] = []
    const parser = createParser({ onEvent: (event) => seen.push(event) })
    parser.feed(sseEvent('one\ntwo', 'greeting', 7) + sseComment('alive') + sseEvent('[DONE]'))
    expect(seen).toEqual([
      { event: 'greeting', id: '7', data: 'one\ntwo' },
      { event: undefined, id: undefined, data: '[DONE]' },
    ])
  })

  it('give back what was written, however the text is cut', async () => {
    const data = fc.string().filter((text) => !text.includes('\r'))
    await fc.assert(
      fc.asyncProperty(fc.array(data), sizes, async (texts, cuts) => {
        const stream = texts.map((text) => sseEvent(text)).join('')
        expect((await all(sseEvents(cut(stream, cuts)))).map((event) => event.data)).toEqual(texts)
      }),
    )
  })

  it('pass over comments and fields they do not know', async () => {
    const events = await all(sseEvents(cut(': hello\nretry: 5\nevent: a\ndata: 1\nid: x\n\ndata:2\n\n', [])))
    expect(events).toEqual([
      { event: 'a', data: '1', id: 'x' },
      { event: 'message', data: '2', id: 'x' },
    ])
  })
})
