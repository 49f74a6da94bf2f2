import { BackendError, PieceBuffer, type Piece } from '@berth/scheduler'
import { describe, expect, it, vi } from 'vitest'

const text = (content: string): Piece => ({ type: 'text', text: content, tokens: 1 })

const logprob = (token: string) => ({ token, bytes: [], logprob: -1, top: [] })

async function read(buffer: PieceBuffer): Promise<Piece[]> {
  const pieces: Piece[] = []
  for await (const piece of buffer) pieces.push(piece)
  return pieces
}

describe('pieces that wait for their reader', () => {
  it('are joined where they are text, and can be read after the end', async () => {
    const buffer = new PieceBuffer(vi.fn<() => void>())
    for (const content of ['The ', 'capital ', 'is ']) buffer.push(text(content))
    buffer.push({ type: 'thinking', text: 'hm', tokens: 1 })
    buffer.push(text('Paris'))
    buffer.end(null)
    buffer.push(text(' too late'))
    expect(await read(buffer)).toEqual([
      { type: 'text', text: 'The capital is ', tokens: 3 },
      { type: 'thinking', text: 'hm', tokens: 1 },
      { type: 'text', text: 'Paris', tokens: 1 },
    ])
  })

  it('keep their log-probabilities in order when joined', async () => {
    const buffer = new PieceBuffer(vi.fn<() => void>())
    for (const token of ['a', 'b']) {
      buffer.push({ type: 'text', text: token, tokens: 1, logprobs: [logprob(token)] })
    }
    buffer.end(null)
    expect(await read(buffer)).toEqual([
      { type: 'text', text: 'ab', tokens: 2, logprobs: [logprob('a'), logprob('b')] },
    ])
  })

  it('end with the error of the job, after what came before it', async () => {
    const buffer = new PieceBuffer(vi.fn<() => void>())
    const reading = buffer[Symbol.asyncIterator]()
    const first = reading.next()
    buffer.push(text('half'))
    buffer.end(new BackendError('lost', 'gone'))
    expect((await first).value).toEqual(text('half'))
    await expect(reading.next()).rejects.toMatchObject({ code: 'lost' })
    expect((await reading.next()).done).toBe(true)
  })

  it('are bounded: who leaves too much unread loses the job, and is told so', async () => {
    const buffer = new PieceBuffer(vi.fn<() => void>(), 10)
    expect(buffer.push(text('12345'))).toBeNull()
    expect(buffer.push(text('67890'))).toMatchObject({ code: 'slow-reader' })
    await expect(read(buffer)).rejects.toMatchObject({ code: 'slow-reader' })
  })

  it('take no room once they are read', async () => {
    const buffer = new PieceBuffer(vi.fn<() => void>(), 10)
    const reading = buffer[Symbol.asyncIterator]()
    for (let i = 0; i < 100; i += 1) {
      expect(buffer.push(text('12345'))).toBeNull()
      await reading.next()
    }
  })

  it('tell when their reader leaves before the end, and not after it', async () => {
    const left = vi.fn<() => void>()
    const buffer = new PieceBuffer(left)
    buffer.push(text('a'))
    for await (const _ of buffer) break
    expect(left).toHaveBeenCalledTimes(1)
    const done = new PieceBuffer(left)
    done.push(text('a'))
    done.end(null)
    for await (const _ of done) break
    expect(left).toHaveBeenCalledTimes(1)
    expect(() => done[Symbol.asyncIterator]()).toThrow('can be read only once')
  })
})
