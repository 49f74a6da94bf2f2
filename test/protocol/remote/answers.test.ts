import type { EmbedJob, GenerateJob, Piece, ToolChoice } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import {
  answerTo,
  backendOf,
  chat,
  events,
  lines,
  NATIVE,
  OPENAI,
  scriptedServer,
  stream,
} from './scripted-server.js'

const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13])
const JPEG = new Uint8Array([0xff, 0xd8, 0xff, 0xe0])

const TOOL = { name: 'weather', description: 'of a town', parameters: { type: 'object' } }

/** Everything that a job can ask for. */
const EVERYTHING: GenerateJob = {
  kind: 'generate',
  prompt: {
    kind: 'messages',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is that?', images: [PNG, JPEG] },
      {
        role: 'assistant',
        content: '',
        thinking: 'Hm.',
        toolCalls: [{ id: 'c1', name: 'weather', arguments: { town: 'Paris' } }],
      },
      { role: 'tool', content: 'sunny', toolCallId: 'c1', toolName: 'weather' },
    ],
    tools: [TOOL],
    templateArguments: { enable_thinking: true, reasoning_effort: 'low' },
  },
  sampling: {
    temperature: 0.5,
    topK: 7,
    topP: 0.9,
    minP: 0.1,
    seed: 42,
    repeatPenalty: 1.1,
    repeatLastN: 32,
    frequencyPenalty: 0.2,
    presencePenalty: 0.3,
    logitBias: { 5: -1 },
  },
  maxTokens: 12,
  contextLength: 2048,
  keepAliveMs: 90_000,
  stop: ['END'],
  overflow: { prompt: 'truncate', answer: 'shift', keep: 4 },
  format: { kind: 'json-schema', schema: { type: 'object' } },
  logprobs: { top: 2 },
}

const part = (tool_calls: readonly object[]) => ({ choices: [{ delta: { tool_calls } }] })

const choosing = (toolChoice: ToolChoice) =>
  chat('', { prompt: { kind: 'messages', messages: [], tools: [TOOL], toolChoice } })

const askNative = async (
  job: GenerateJob | EmbedJob,
  path: string,
  texts: readonly string[],
  kind: 'berth' | 'ollama' = 'ollama',
) => {
  const server = await scriptedServer({ ...NATIVE, [path]: stream(texts) })
  const outcome = await answerTo(backendOf(server.url, { kind }), job)
  return { ...outcome, body: server.of(path)[0]?.body }
}

describe('a remote engine of the native API', () => {
  const DONE = lines({ done: true, done_reason: 'stop' })

  it('is sent all that a job asks for, but for what the API has no word for', async () => {
    const { body } = await askNative(EVERYTHING, '/api/chat', DONE)
    expect(body).toEqual({
      model: 'small',
      stream: true,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'What is that?', images: ['iVBORw0=', '/9j/4A=='] },
        {
          role: 'assistant',
          content: '',
          thinking: 'Hm.',
          tool_calls: [{ id: 'c1', function: { name: 'weather', arguments: { town: 'Paris' } } }],
        },
        { role: 'tool', content: 'sunny', tool_call_id: 'c1', tool_name: 'weather' },
      ],
      tools: [{ type: 'function', function: TOOL }],
      think: 'low',
      options: {
        temperature: 0.5,
        top_k: 7,
        top_p: 0.9,
        min_p: 0.1,
        seed: 42,
        repeat_penalty: 1.1,
        repeat_last_n: 32,
        frequency_penalty: 0.2,
        presence_penalty: 0.3,
        num_predict: 12,
        num_ctx: 2048,
        num_keep: 4,
        stop: ['END'],
      },
      format: { type: 'object' },
      keep_alive: '1m30s',
      truncate: true,
      shift: true,
      logprobs: true,
      top_logprobs: 2,
    })
  })

  it('gives text, thoughts, tool calls, log-probabilities and figures', async () => {
    const { pieces, end } = await askNative(
      chat('Hello'),
      '/api/chat',
      lines(
        { message: { content: '', thinking: 'Let me see.' } },
        {
          message: { content: 'é' },
          logprobs: [
            { token: 'é', logprob: -0.5, top_logprobs: [{ token: 'e', logprob: -1, bytes: [101] }] },
          ],
        },
        {
          message: {
            content: '',
            tool_calls: [{ function: { name: 'weather', arguments: { town: 'Rome' } } }],
          },
        },
        {
          message: { content: '' },
          done: true,
          done_reason: 'stop',
          prompt_eval_count: 11,
          prompt_eval_duration: 2_000_000,
          eval_count: 5,
          eval_duration: 3_000_000,
        },
      ),
    )
    const metrics = { promptTokens: 11, cachedTokens: 0, promptMs: 2, decodedTokens: 5, decodeMs: 3 }
    expect(pieces).toEqual<Piece[]>([
      { type: 'thinking', text: 'Let me see.', tokens: 1 },
      {
        type: 'text',
        text: 'é',
        tokens: 1,
        logprobs: [
          { token: 'é', bytes: [195, 169], logprob: -0.5, top: [{ token: 'e', bytes: [101], logprob: -1 }] },
        ],
      },
      { type: 'tool-call', call: { id: 'call_1', name: 'weather', arguments: { town: 'Rome' } } },
      { type: 'finished', reason: 'tool-calls', metrics },
    ])
    expect(end).toEqual({ how: 'finished', reason: 'tool-calls', metrics })
  })

  it('counts for itself what the server does not tell, and says so', async () => {
    const { end } = await askNative(chat('Hello'), '/api/chat', [
      ...lines({ message: { content: 'Hi' } }),
      ...DONE,
    ])
    expect(end).toMatchObject({ how: 'finished', metrics: { decodedTokens: 1, estimated: true } })
  })

  it('is asked to generate where a single turn is to give tokens or go on from some', async () => {
    const job = chat('Next', {
      prompt: {
        kind: 'messages',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Next', images: [PNG] },
        ],
        after: [1, 2],
        template: { language: 'go', source: '{{ .Prompt }}' },
      },
      returnTokens: true,
    })
    const { body, pieces } = await askNative(
      job,
      '/api/generate',
      lines({ response: 'So', done: true, context: [1, 2, 3] }),
    )
    expect(body).toMatchObject({
      prompt: 'Next',
      system: 'Be brief.',
      images: ['iVBORw0='],
      context: [1, 2],
      template: '{{ .Prompt }}',
    })
    expect(pieces).toMatchObject([
      { type: 'text', text: 'So' },
      { type: 'finished', reason: 'stop', context: [1, 2, 3] },
    ])
  })

  it('is sent a raw prompt as it stands', async () => {
    const raw = chat('', { prompt: { kind: 'raw', text: 'Once', after: [7] }, format: { kind: 'json' } })
    const { body } = await askNative(raw, '/api/generate', DONE, 'berth')
    expect(body).toMatchObject({ raw: true, prompt: 'Once', context: [7], format: 'json' })
  })

  it.each<[string, GenerateJob, string]>([
    ['a grammar', chat('', { format: { kind: 'gbnf', grammar: 'root ::= "a"' } }), 'not a grammar'],
    ['tokens before a raw prompt', chat('', { prompt: { kind: 'raw', text: '', after: [1] } }), 'raw prompt'],
    [
      'a template for several turns',
      chat('', {
        prompt: {
          kind: 'messages',
          messages: [
            { role: 'user', content: 'a' },
            { role: 'assistant', content: 'b' },
            { role: 'user', content: 'c' },
          ],
          template: { language: 'go', source: '' },
        },
      }),
      'a single turn only',
    ],
    [
      'a Jinja template',
      chat('', {
        prompt: {
          kind: 'messages',
          messages: [{ role: 'user', content: 'a' }],
          template: { language: 'jinja', source: '' },
        },
      }),
      'Go templates',
    ],
    [
      'a choice of a tool',
      chat('', {
        prompt: { kind: 'messages', messages: [], tools: [TOOL], toolChoice: 'required' },
      }),
      'choice of a tool',
    ],
    [
      'a variable of the template',
      chat('', { prompt: { kind: 'messages', messages: [], templateArguments: { mood: 'dark' } } }),
      "variable 'mood'",
    ],
  ])('refuses %s by name, and sends nothing', async (_what, job, words) => {
    const server = await scriptedServer(NATIVE)
    const { error } = await answerTo(backendOf(server.url), job)
    expect(error).toMatchObject({ code: 'unsupported', message: expect.stringContaining(words) })
    expect(server.of('/api/chat').concat(server.of('/api/generate'))).toEqual([])
  })

  it('embeds in batches, in order', async () => {
    const server = await scriptedServer({
      ...NATIVE,
      '/api/embed': ({ body, response }) => {
        const input = String(body?.['input']).split(',')
        const embeddings = input.map((text) => [Number(text), 1])
        response.end(JSON.stringify({ embeddings, prompt_eval_count: input.length }))
      },
    })
    const inputs = Array.from({ length: 300 }, (_, i) => String(i))
    const wish = { contextLength: 64, keepAliveMs: -1_000 }
    const job = { kind: 'embed', inputs, truncate: false, ...wish } as const
    const { pieces, end } = await answerTo(backendOf(server.url), job)
    const told = { model: 'small', truncate: false, options: { num_ctx: 64 }, keep_alive: -1 }
    const asked = [inputs.slice(0, 256), inputs.slice(256)].map((input) => ({ ...told, input }))
    expect(server.of('/api/embed').map(({ body }) => body)).toEqual(asked)
    const vectors = pieces.flatMap((piece) => (piece.type === 'embedding' ? [piece] : []))
    expect(vectors.map(({ index }) => index)).toEqual(inputs.map(Number))
    expect(vectors.map(({ vector }) => vector[0])).toEqual(inputs.map(Number))
    expect(end).toMatchObject({ how: 'finished', reason: 'stop', metrics: { promptTokens: 300 } })
  })

  it('is asked by the OpenAI API for a tool that must be called, where it is a Berth', async () => {
    const server = await scriptedServer({
      ...NATIVE,
      '/v1/chat/completions': stream(events({ choices: [{ delta: {}, finish_reason: 'stop' }] })),
    })
    const { end } = await answerTo(backendOf(server.url, { kind: 'berth' }), choosing('required'))
    expect(end.how).toBe('finished')
    expect(server.of('/v1/chat/completions')[0]?.body).toMatchObject({ tool_choice: 'required' })
  })

  it('does not take fewer vectors than inputs', async () => {
    const server = await scriptedServer({ ...NATIVE, '/api/embed': { embeddings: [[1]] } })
    const job = { kind: 'embed', inputs: ['a', 'b'], truncate: true } as const
    const { error } = await answerTo(backendOf(server.url), job)
    expect(error).toMatchObject({ code: 'engine', message: 'quay gave 1 vectors for 2 inputs' })
  })
})

describe('a remote engine of the OpenAI API', () => {
  const CHAT = '/v1/chat/completions'
  const ask = async (job: GenerateJob, texts: readonly string[], path = CHAT) => {
    const server = await scriptedServer({ ...OPENAI, [path]: stream(texts) })
    const outcome = await answerTo(backendOf(server.url, { kind: 'openai' }), job)
    return { ...outcome, body: server.of(path)[0]?.body }
  }
  const DONE = events({ choices: [{ delta: {}, finish_reason: 'stop' }] })

  it('is sent all that a job asks for, but for what the API has no word for', async () => {
    const { body } = await ask(EVERYTHING, DONE)
    expect(body).toEqual({
      model: 'small',
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is that?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } },
            { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/4A==' } },
          ],
        },
        {
          role: 'assistant',
          content: '',
          tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"town":"Paris"}' } },
          ],
        },
        { role: 'tool', content: 'sunny', tool_call_id: 'c1', name: 'weather' },
      ],
      tools: [{ type: 'function', function: TOOL }],
      reasoning_effort: 'low',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: { type: 'object' } },
      },
      temperature: 0.5,
      top_p: 0.9,
      seed: 42,
      frequency_penalty: 0.2,
      presence_penalty: 0.3,
      logit_bias: { 5: -1 },
      max_tokens: 12,
      stop: ['END'],
      logprobs: true,
      top_logprobs: 2,
    })
  })

  it('gives text, thoughts, tool calls in parts, log-probabilities and usage', async () => {
    const { pieces, end } = await ask(
      chat('Hello'),
      events(
        { choices: [{ delta: { role: 'assistant', reasoning_content: 'Hm.' } }] },
        {
          choices: [
            {
              delta: { content: 'Hi' },
              logprobs: { content: [{ token: 'Hi', logprob: -0.1, bytes: [72, 105], top_logprobs: [] }] },
            },
          ],
        },
        part([{ index: 0, id: 'a', function: { name: 'weather', arguments: '{"to' } }]),
        part([{ index: 1, id: 'b', function: { name: 'time', arguments: '' } }]),
        part([{ index: 0, function: { arguments: 'wn":"Rome"}' } }]),
        { choices: [{ delta: {}, finish_reason: 'tool_calls' }] },
        {
          choices: [],
          usage: { prompt_tokens: 9, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 3 } },
        },
      ),
    )
    expect(pieces).toMatchObject([
      { type: 'thinking', text: 'Hm.' },
      { type: 'text', text: 'Hi', logprobs: [{ token: 'Hi', bytes: [72, 105], logprob: -0.1, top: [] }] },
      { type: 'tool-call', call: { id: 'a', name: 'weather', arguments: { town: 'Rome' } } },
      { type: 'tool-call', call: { id: 'b', name: 'time', arguments: {} } },
      { type: 'finished', reason: 'tool-calls' },
    ])
    expect(end).toMatchObject({
      how: 'finished',
      // Times are taken from outside.
      metrics: { promptTokens: 9, cachedTokens: 3, decodedTokens: 4, estimated: true },
    })
  })

  it('is sent a raw prompt as a completion, with log-probabilities in columns', async () => {
    const raw = chat('', { prompt: { kind: 'raw', text: 'Once' }, logprobs: { top: 1 } })
    const choice = {
      text: ' upon',
      logprobs: { tokens: [' upon'], token_logprobs: [-0.2], top_logprobs: [{ ' a': -2 }], text_offset: [0] },
      finish_reason: 'length',
    }
    const { body, pieces } = await ask(raw, events({ choices: [choice] }), '/v1/completions')
    expect(body).toMatchObject({ prompt: 'Once', logprobs: 1 })
    expect(pieces).toMatchObject([
      {
        type: 'text',
        text: ' upon',
        logprobs: [{ token: ' upon', logprob: -0.2, top: [{ token: ' a', logprob: -2 }] }],
      },
      { type: 'finished', reason: 'length' },
    ])
  })

  it('passes on that a filter held the answer back', async () => {
    const { end } = await ask(
      chat('Hello'),
      events({ choices: [{ delta: {}, finish_reason: 'content_filter' }] }),
    )
    expect(end).toMatchObject({ how: 'finished', reason: 'content-filter' })
  })

  it('ends well without a [DONE] where it said why it ended', async () => {
    const { end } = await ask(chat('Hello'), DONE.slice(0, -1))
    expect(end.how).toBe('finished')
  })

  it('is told which tool to call', async () => {
    expect((await ask(choosing('required'), DONE)).body).toMatchObject({ tool_choice: 'required' })
    expect((await ask(choosing({ name: 'weather' }), DONE)).body).toMatchObject({
      tool_choice: { type: 'function', function: { name: 'weather' } },
    })
  })

  it.each<[string, GenerateJob, string]>([
    ['a grammar', chat('', { format: { kind: 'gbnf', grammar: '' } }), 'a grammar'],
    [
      'tokens of earlier turns',
      chat('', { prompt: { kind: 'raw', text: '', after: [1] } }),
      'tokens of earlier turns',
    ],
    [
      'a template',
      chat('', {
        prompt: { kind: 'messages', messages: [], template: { language: 'jinja', source: '' } },
      }),
      'a chat template',
    ],
  ])('refuses %s by name', async (_what, job, words) => {
    const { error } = await ask(job, DONE)
    expect(error).toMatchObject({ code: 'unsupported', message: expect.stringContaining(words) })
  })

  it('embeds, by the index that each vector has', async () => {
    const server = await scriptedServer({
      ...OPENAI,
      '/v1/embeddings': {
        data: [
          { index: 1, embedding: [2] },
          { index: 0, embedding: [1] },
        ],
        usage: { prompt_tokens: 6 },
      },
    })
    const job = { kind: 'embed', inputs: ['a', 'b'], truncate: true } as const
    const { pieces, end } = await answerTo(backendOf(server.url, { kind: 'openai' }), job)
    expect(pieces).toMatchObject([
      { type: 'embedding', index: 0, vector: [1] },
      { type: 'embedding', index: 1, vector: [2] },
      { type: 'finished', reason: 'stop' },
    ])
    expect(end).toMatchObject({ metrics: { promptTokens: 6 } })
  })
})
