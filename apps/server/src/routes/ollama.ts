import {
  NDJSON_TYPE,
  OllamaChatRequest,
  OllamaEmbedRequest,
  OllamaEmbeddingsRequest,
  OllamaGenerateRequest,
  type OllamaEmbedResponse,
  type OllamaEmbeddingsResponse,
  type OllamaMessage,
} from '@berth/protocol'
import type { Message, OutputFormat } from '@berth/scheduler'
import { Hono } from 'hono'
import type { AppContext, AppEnv } from '../app-env.js'
import {
  OLLAMA_DEFAULTS,
  collect,
  embed,
  generate,
  imageBytes,
  load,
  normalised,
  ollamaMetrics,
  storedModel,
  type Answer,
} from '../generate/index.js'
import type { RouteDeps } from './deps.js'
import { OllamaEncoder, inMessage, inResponse, ollamaAnswer, withoutText } from './ollama-answers.js'
import { callerOf, readBody, streamed, whileClientStays } from './respond.js'

type Place = typeof inMessage

/** Ollama's own API, as far as it makes text and vectors. */
export function ollamaRoutes(deps: RouteDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.post('/api/generate', async (c) => {
    const body = await readBody(c, OllamaGenerateRequest, deps)
    if (!body.prompt && !body.images?.length) return await loadOrUnload(c, deps, body, inResponse)
    const answer = await generate(
      deps.models,
      body.model,
      {
        ...controls(body),
        prompt: {
          kind: 'text',
          text: body.prompt ?? '',
          raw: body.raw ?? false,
          suffix: body.suffix,
          system: body.system,
          template: body.template,
          images: (body.images ?? []).map((image, index) => imageBytes(image, `images[${index}]`)),
          context: body.context,
        },
        // Raw prompts have no conversation to go on with.
        returnTokens: !body.raw,
      },
      callerOf(c, deps, body),
    )
    return await respond(c, body, answer, inResponse)
  })

  app.post('/api/chat', async (c) => {
    const body = await readBody(c, OllamaChatRequest, deps)
    const messages = body.messages ?? []
    if (messages.length === 0) return await loadOrUnload(c, deps, body, inMessage)
    const answer = await generate(
      deps.models,
      body.model,
      {
        ...controls(body),
        prompt: {
          kind: 'chat',
          messages: messages.map(messageOf),
          tools: body.tools?.map(({ function: { name, description, parameters } }) => ({
            name,
            ...(description === undefined ? {} : { description }),
            parameters: parameters ?? {},
          })),
        },
        returnTokens: false,
      },
      callerOf(c, deps, body),
    )
    return await respond(c, body, answer, inMessage)
  })

  app.post('/api/embed', async (c) => {
    const body = await readBody(c, OllamaEmbedRequest, deps)
    const inputs = body.input ?? []
    const caller = callerOf(c, deps, body)
    const ask = {
      inputs,
      truncate: body.truncate ?? true,
      keepAliveMs: body.keep_alive,
      options: body.options ?? {},
    }
    // Nothing to embed is a wish to have the model loaded.
    const answer =
      inputs.length === 0
        ? await load(deps.models, body.model, ask, 'embed', caller)
        : await embed(deps.models, body.model, ask, caller)
    const { vectors, metrics } = collect(await answer.all())
    const { total_duration, load_duration, prompt_eval_count } = ollamaMetrics(answer.timing, metrics)
    const response = {
      model: body.model,
      embeddings: vectors.map((vector) => normalised(vector, body.dimensions)),
      total_duration,
      load_duration,
      prompt_eval_count,
    }
    return c.json(
      response satisfies { [Key in keyof OllamaEmbedResponse]: OllamaEmbedResponse[Key] | undefined },
    )
  })

  app.post('/api/embeddings', async (c) => {
    const body = await readBody(c, OllamaEmbeddingsRequest, deps)
    const caller = callerOf(c, deps, body)
    const ask = { truncate: true, keepAliveMs: body.keep_alive, options: body.options ?? {} }
    if (!body.prompt) {
      await load(deps.models, body.model, ask, 'embed', caller)
      return c.json({ embedding: [] } satisfies OllamaEmbeddingsResponse)
    }
    const answer = await embed(deps.models, body.model, { ...ask, inputs: [body.prompt] }, caller)
    const { vectors } = collect(await answer.all())
    // The older endpoint gives what the model gives: its clients normalise themselves.
    return c.json({ embedding: vectors[0] ?? [] } satisfies OllamaEmbeddingsResponse)
  })

  return app
}

type Body = OllamaGenerateRequest | OllamaChatRequest

const controls = (body: Body) => ({
  defaults: OLLAMA_DEFAULTS,
  options: body.options ?? {},
  format: formatOf(body.format),
  think: body.think,
  keepAliveMs: body.keep_alive,
  topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
  truncate: body.truncate ?? true,
  shift: body.shift ?? true,
})

const formatOf = (format: Body['format']): OutputFormat | undefined =>
  format === undefined
    ? undefined
    : format === 'json'
      ? { kind: 'json' }
      : { kind: 'json-schema', schema: format }

function messageOf(message: OllamaMessage, index: number): Message {
  const images = message.images ?? []
  return {
    role: message.role,
    content: message.content ?? '',
    ...(message.thinking === undefined ? {} : { thinking: message.thinking }),
    ...(images.length === 0
      ? {}
      : { images: images.map((image, at) => imageBytes(image, `messages[${index}].images[${at}]`)) }),
    ...(message.tool_calls === undefined
      ? {}
      : {
          toolCalls: message.tool_calls.map(({ id, function: call }, at) => ({
            id: id ?? `call_${at}`,
            name: call.name,
            arguments: call.arguments ?? {},
          })),
        }),
    ...(message.tool_call_id === undefined ? {} : { toolCallId: message.tool_call_id }),
    ...(message.tool_name === undefined ? {} : { toolName: message.tool_name }),
  }
}

async function respond(
  c: AppContext,
  { model, stream }: Body,
  answer: Answer,
  place: Place,
): Promise<Response> {
  if (stream === false) return c.json(await ollamaAnswer(model, answer, place))
  return await streamed(c, NDJSON_TYPE, answer, new OllamaEncoder(model, answer, place))
}

/** An empty prompt loads the model, or lets it go where it is to stay for no time. */
async function loadOrUnload(c: AppContext, deps: RouteDeps, body: Body, place: Place): Promise<Response> {
  if (body.keep_alive === 0) {
    const { name } = await storedModel(deps.models, body.model)
    // A pin is an administrator's word, and stronger than any request's.
    await whileClientStays(c, deps.scheduler.unload(name, { evenPinned: false }))
    const stays = deps.scheduler.snapshot().runners.some(({ model, pinned }) => model === name && pinned)
    return c.json(withoutText(body.model, place, stays ? 'load' : 'unload'))
  }
  const ask = { options: body.options ?? {}, keepAliveMs: body.keep_alive, think: body.think }
  const answer = await load(deps.models, body.model, ask, 'generate', callerOf(c, deps, body))
  return c.json(withoutText(body.model, place, 'load', answer))
}
