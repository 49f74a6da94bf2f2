import { type RunProgress } from '@berth/scheduler'
import { ManualClock } from '@berth/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../eventually.js'
import {
  answerTo,
  backendOf,
  chat,
  events,
  inTurn,
  lines,
  NATIVE,
  OPENAI,
  outcomeOf,
  refuse,
  runnerOf,
  scriptedServer,
  silence,
  stream,
} from './scripted-server.js'

const CHAT = '/v1/chat/completions'
const SAID = events({ choices: [{ delta: { content: 'Hi' } }] }).slice(0, 1)
const STOPPED = events({ choices: [{ delta: {}, finish_reason: 'stop' }] })

describe('a refusal of a remote engine', () => {
  it.each([
    [400, { error: 'invalid temperature' }, 'bad-job'],
    [400, { error: 'the prompt exceeds the context length' }, 'context-overflow'],
    [400, { error: { message: '"small" does not support tools' } }, 'unsupported'],
    [401, {}, 'denied'],
    [403, {}, 'denied'],
    [404, { error: 'model "small" not found' }, 'unknown-model'],
    [413, 'too large', 'bad-job'],
    [429, {}, 'busy'],
    [500, { error: 'llama runner crashed' }, 'engine'],
    [502, '<h1>Bad gateway</h1>', 'lost'],
    [503, {}, 'busy'],
    [507, { error: 'cannot fit' }, 'out-of-memory'],
  ])('with status %i and %j is told as such', async (status, body, code) => {
    const server = await scriptedServer({ ...OPENAI, [CHAT]: refuse(status, body) })
    const backend = backendOf(server.url, { kind: 'openai', timeouts: { busyMs: 0 } })
    const { error, end, pieces } = await answerTo(backend, chat('Hello'))
    expect(error).toMatchObject({ code, message: expect.stringContaining(`quay answered ${status}`) })
    expect(end).toMatchObject({ how: 'failed', error: { code } })
    expect(pieces).toEqual([])
  })

  it('of an embedding is told as such', async () => {
    const server = await scriptedServer({
      ...NATIVE,
      '/api/embed': refuse(400, { error: 'input is too long' }),
    })
    const job = { kind: 'embed', inputs: ['a'], truncate: false } as const
    expect((await answerTo(backendOf(server.url), job)).error).toMatchObject({ code: 'context-overflow' })
  })
})

describe('a busy remote engine', () => {
  it('is asked again after the time that it names, without its slot being given to another', async () => {
    const clock = new ManualClock()
    const server = await scriptedServer({
      ...OPENAI,
      [CHAT]: inTurn(refuse(429, {}, { 'Retry-After': '3' }), refuse(503, {}), stream(STOPPED)),
    })
    const backend = backendOf(server.url, { kind: 'openai', clock, maxConcurrent: 1 })
    const runner = await runnerOf(backend, 'small', 'generate', 1)
    const outcome = outcomeOf(runner.start(chat('Hello')))
    await eventually(() => server.of(CHAT)[0]?.response.writableFinished).toBe(true)
    await eventually(() => clock.pending).toBe(2)
    await clock.advance(2_999)
    expect(server.of(CHAT)).toHaveLength(1)
    await clock.advance(1)
    // It does not say for how long this time: longer than at first, then.
    await eventually(() => server.of(CHAT)[1]?.response.writableFinished).toBe(true)
    await eventually(() => clock.pending).toBe(2)
    await clock.advance(1_000)
    expect((await outcome).end.how).toBe('finished')
  })

  it('is given up when it names a time beyond the bound, and that is told', async () => {
    const server = await scriptedServer({ ...OPENAI, [CHAT]: refuse(429, {}, { 'Retry-After': '3600' }) })
    const { error } = await answerTo(backendOf(server.url, { kind: 'openai' }), chat('Hello'))
    expect(error).toMatchObject({ code: 'busy', retryAfterMs: 3_600_000 })
    expect(server.of(CHAT)).toHaveLength(1)
  })

  it('is not asked again for a job that was cancelled', async () => {
    const clock = new ManualClock()
    const server = await scriptedServer({ ...OPENAI, [CHAT]: refuse(503, {}, { 'Retry-After': '5' }) })
    const runner = await runnerOf(backendOf(server.url, { kind: 'openai', clock }))
    const run = runner.start(chat('Hello'))
    await eventually(() => clock.pending).toBe(2)
    run.cancel()
    expect((await run.slotFree).how).toBe('cancelled')
    await clock.advance(10_000)
    expect(server.of(CHAT)).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })
})

const native = async (texts: readonly string[], then: 'end' | 'cut' = 'end') => {
  const server = await scriptedServer({ ...NATIVE, '/api/chat': stream(texts, then) })
  return await answerTo(backendOf(server.url), chat('Hello'))
}
const openAi = async (texts: readonly string[], then: 'end' | 'cut' = 'end') => {
  const server = await scriptedServer({ ...OPENAI, [CHAT]: stream(texts, then) })
  return await answerTo(backendOf(server.url, { kind: 'openai' }), chat('Hello'))
}

describe('an answer that goes wrong', () => {
  const HALF = lines({ message: { content: 'Hi' } })

  it.each(['cut', 'end'] as const)(
    'keeps what came, and is lost, where the connection is %s too soon',
    async (then) => {
      for (const { pieces, error, end } of [await native(HALF, then), await openAi(SAID, then)]) {
        expect(pieces).toMatchObject([{ type: 'text', text: 'Hi' }])
        const words = expect.stringContaining('quay broke off in the middle of an answer')
        expect(error).toMatchObject({ code: 'lost', message: words })
        expect(end).toMatchObject({ how: 'failed', error: { code: 'lost' }, metrics: { decodedTokens: 1 } })
      }
    },
  )

  it('tells an error that the server says in the middle', async () => {
    const said = await native([...HALF, ...lines({ error: 'out of cheese' })])
    expect(said.error).toMatchObject({ code: 'engine', message: 'quay: out of cheese' })
    const event = events({ error: { message: 'exceeds the context window', code: 400 } })
    expect((await openAi([...SAID, ...event])).error).toMatchObject({
      code: 'context-overflow',
      message: 'quay: exceeds the context window',
    })
  })

  it.each([
    ['no JSON', 'Internal error\n'],
    ['another shape', '{"message": "hello", "choices": 1}\n'],
    ['a list', '[]\n'],
  ])('shows what came where that is %s', async (_what, text) => {
    const shown = JSON.stringify(text.trim())
    const message = `quay sent what is no part of an answer: ${shown}`
    expect((await native([text])).error).toMatchObject({ code: 'engine', message })
    expect((await openAi([`data: ${text}\n`])).error).toMatchObject({ code: 'engine', message })
  })

  it('is ended where a line or an event has no end', async () => {
    const flood = Array.from({ length: 9 }, () => 'x'.repeat(1024 * 1024))
    expect((await native(flood)).error).toMatchObject({
      code: 'engine',
      message: 'quay sent a line of more than 8388608 characters',
    })
    expect((await openAi(flood.map((text) => `data: ${text}\n`))).error).toMatchObject({
      code: 'engine',
      message: 'quay sent an event of more than 8388608 characters',
    })
  })

  it('is ended where the arguments of a tool call are no JSON object', async () => {
    const tool_calls = [{ index: 0, id: 'a', function: { name: 'weather', arguments: '{"town' } }]
    const { error } = await openAi(
      events({ choices: [{ delta: { tool_calls }, finish_reason: 'tool_calls' }] }),
    )
    expect(error).toMatchObject({ code: 'engine', message: expect.stringContaining("the tool 'weather'") })
  })

  it('passes over empty lines, comments and chunks without a choice', async () => {
    expect((await native(['\n\n', ...HALF, '\r\n', ...lines({ done: true })])).end.how).toBe('finished')
    const texts = [': hello\n\n', 'event: ping\n\n', ...events({ choices: [] }).slice(0, 1), ...STOPPED]
    expect((await openAi(texts)).end.how).toBe('finished')
  })

  it('loses a reader that reads nothing of a great deal', async () => {
    const text = 'x'.repeat(600_000)
    const server = await scriptedServer({
      ...NATIVE,
      '/api/chat': stream(lines({ message: { content: text } }, { message: { content: text } }), 'open'),
    })
    const runner = await runnerOf(backendOf(server.url))
    const run = runner.start(chat('Hello'))
    expect(await run.slotFree).toMatchObject({ how: 'failed', error: { code: 'slow-reader' } })
    await eventually(() => server.of('/api/chat')[0]?.gone).toBe(true)
  })
})

describe('a job at a remote engine', () => {
  it('that is cancelled cuts its connection, and the next one begins', async () => {
    const server = await scriptedServer({ ...OPENAI, [CHAT]: inTurn(stream(SAID, 'open'), stream(STOPPED)) })
    const runner = await runnerOf(
      backendOf(server.url, { kind: 'openai', maxConcurrent: 1 }),
      'small',
      'generate',
      1,
    )
    const run = runner.start(chat('Hello'))
    const reading = run.pieces[Symbol.asyncIterator]()
    expect((await reading.next()).value).toMatchObject({ text: 'Hi' })
    run.cancel()
    expect(await run.slotFree).toMatchObject({
      how: 'cancelled',
      metrics: { decodedTokens: 1, estimated: true },
    })
    expect((await outcomeOf(runner.start(chat('Next')))).end.how).toBe('finished')
    await eventually(() => server.of(CHAT)[0]?.gone).toBe(true)
  })

  it('waits for its turn where the server may do no more at a time, whatever the model', async () => {
    const models = { models: [{ name: 'small' }, { name: 'large' }] }
    const server = await scriptedServer({
      ...NATIVE,
      '/api/tags': models,
      '/api/chat': inTurn(silence, stream(lines({ done: true }))),
    })
    const backend = backendOf(server.url, { maxConcurrent: 1 })
    const [small, large] = [await runnerOf(backend, 'small'), await runnerOf(backend, 'large')]
    const first = small.start(chat('one'))
    await eventually(() => server.of('/api/chat').length).toBe(1)
    const [second, third] = [large.start(chat('two')), large.start(chat('three'))]
    // Leaves the line: the third is next.
    second.cancel()
    await second.slotFree
    expect(server.of('/api/chat')).toHaveLength(1)
    first.cancel()
    expect((await outcomeOf(third)).end.how).toBe('finished')
    expect(server.of('/api/chat')[1]?.body).toMatchObject({
      model: 'large',
      messages: [{ content: 'three' }],
    })
  })

  it('says that it waits while the server lives and has not begun', async () => {
    const clock = new ManualClock()
    const server = await scriptedServer({ ...NATIVE, '/api/chat': silence })
    const runner = await runnerOf(backendOf(server.url, { clock }))
    const run = runner.start(chat('Hello'))
    const progress: RunProgress[] = []
    run.onProgress((report) => progress.push(report))
    await eventually(() => server.of('/api/chat').length).toBe(1)
    await clock.advance(15_000)
    await eventually(() => progress).toEqual([{ phase: 'waiting' }])
    expect(server.of('/api/version')).toHaveLength(1)
    run.cancel()
    await run.slotFree
    expect(clock.pending).toBe(0)
  })

  it('takes a comment of the stream for a sign of life', async () => {
    const server = await scriptedServer({ ...OPENAI, [CHAT]: stream([': still loading\n\n'], 'open') })
    const run = (await runnerOf(backendOf(server.url, { kind: 'openai' }))).start(chat('Hello'))
    const progress: RunProgress[] = []
    run.onProgress((report) => progress.push(report))
    await eventually(() => progress).toEqual([{ phase: 'waiting' }])
    run.cancel()
  })

  it('is lost where the server does not even say that it lives', async () => {
    const clock = new ManualClock()
    const server = await scriptedServer({ ...NATIVE, '/api/chat': silence })
    const run = (await runnerOf(backendOf(server.url, { clock }))).start(chat('Hello'))
    await eventually(() => server.of('/api/chat').length).toBe(1)
    server.on('/api/version', silence)
    await clock.advance(15_000)
    await eventually(() => server.of('/api/version').length).toBe(1)
    await clock.advance(10_000)
    expect(await run.slotFree).toMatchObject({
      how: 'failed',
      error: { code: 'lost', message: expect.stringContaining('did not answer within 10 s') },
    })
  })

  it('is lost where the server lives but says nothing of it for too long', async () => {
    const clock = new ManualClock()
    const server = await scriptedServer({ ...NATIVE, '/api/chat': silence })
    const backend = backendOf(server.url, { clock, timeouts: { probeMs: 1_000, silenceMs: 3_000 } })
    const run = (await runnerOf(backend)).start(chat('Hello'))
    const progress: RunProgress[] = []
    run.onProgress((report) => progress.push(report))
    await eventually(() => server.of('/api/chat').length).toBe(1)
    for (const seconds of [1, 2]) {
      await clock.advance(1_000)
      await eventually(() => progress.length).toBe(seconds)
    }
    await clock.advance(1_000)
    expect(await run.slotFree).toMatchObject({
      how: 'failed',
      error: { code: 'lost', message: 'quay said nothing for 3 s', elsewhere: 'late' },
    })
  })

  it('is lost with its server, and so is the runner; another is loaded when the server is back', async () => {
    const clock = new ManualClock()
    const server = await scriptedServer({
      ...NATIVE,
      '/api/chat': stream(lines({ message: { content: 'Hi' } }), 'open'),
    })
    const backend = backendOf(server.url, { clock })
    const runner = await runnerOf(backend)
    const run = runner.start(chat('Hello'))
    const reading = run.pieces[Symbol.asyncIterator]()
    await reading.next()
    await server.stop()
    expect(await run.slotFree).toMatchObject({ how: 'failed', error: { code: 'lost' } })
    expect(await runner.ended).toMatchObject({ asked: false })
    expect(backend.state.state).toBe('unreachable')
    server.on('/api/chat', stream(lines({ done: true })))
    await server.start()
    await clock.advance(1_000)
    await eventually(() => backend.state.state).toBe('connected')
    const again = await runnerOf(backend)
    expect((await outcomeOf(again.start(chat('Hello')))).end.how).toBe('finished')
  })

  it('leaves the others alone where only its own connection was cut', async () => {
    const server = await scriptedServer({
      ...OPENAI,
      [CHAT]: inTurn(stream(SAID, 'open'), stream(SAID, 'cut'), stream(STOPPED)),
    })
    const runner = await runnerOf(
      backendOf(server.url, { kind: 'openai', maxConcurrent: 3 }),
      'small',
      'generate',
      3,
    )
    const stays = runner.start(chat('one'))
    const reading = stays.pieces[Symbol.asyncIterator]()
    await reading.next()
    expect((await outcomeOf(runner.start(chat('two')))).error).toMatchObject({ code: 'lost' })
    expect((await outcomeOf(runner.start(chat('three')))).end.how).toBe('finished')
    server.of(CHAT)[0]?.response.end(STOPPED.join(''))
    expect(await stays.slotFree).toMatchObject({ how: 'finished' })
  })

  it('leaves the connection to the next one where its answer is whole', async () => {
    const server = await scriptedServer({ ...NATIVE, '/api/chat': stream(lines({ done: true })) })
    const runner = await runnerOf(backendOf(server.url))
    for (let i = 0; i < 3; i += 1) await outcomeOf(runner.start(chat('Hello')))
    expect(server.of('/api/chat').map(({ gone }) => gone)).toEqual([false, false, false])
  })
})
