import {
  OpenAiChatRequest,
  OpenAiCompletionRequest,
  OpenAiEmbeddingsRequest,
  SSE_TYPE,
  type OllamaOptions,
  type OpenAiEmbeddingsResponse,
  type OpenAiMessage,
  type OpenAiModel,
  type OpenAiModelList,
} from '@berth/protocol'
import type { Message, Tool, ToolChoice } from '@berth/scheduler'
import { Hono } from 'hono'
import type { AppEnv } from '../app-env.js'
import {
  OPENAI_DEFAULTS,
  RequestError,
  base64Floats,
  collect,
  embed,
  generate,
  imageBytes,
  normalised,
  storedModel,
} from '../generate/index.js'
import type { StoredModel } from '../models/index.js'
import type { RouteDeps } from './deps.js'
import { argumentsOf, formatOf, thinkOf, tierOf } from './openai-controls.js'
import {
  OpenAiChatEncoder,
  OpenAiCompletionEncoder,
  chatCompletion,
  headOf,
  textCompletion,
} from './openai-answers.js'
import { callerOf, readBody, streamed } from './respond.js'

/** The part of OpenAI's API that Ollama has too. */
export function openAiRoutes(deps: RouteDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.post('/v1/chat/completions', async (c) => {
    const body = await readBody(c, OpenAiChatRequest, deps)
    const caller = callerOf(c, deps, body)
    const answer = await generate(
      deps.models,
      body.model,
      {
        ...controls(body, body.max_completion_tokens ?? body.max_tokens),
        prompt: {
          kind: 'chat',
          messages: body.messages.map(messageOf),
          tools: toolsOf(body),
          toolChoice: choiceOf(body.tool_choice),
        },
        format: formatOf(schemaOf(body.response_format)),
        think: thinkOf(body.reasoning_effort),
        topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
      },
      caller,
    )
    const head = {
      ...headOf('chatcmpl', c.get('requestId'), body.model),
      ...tierOf(body.service_tier, caller),
    }
    if (!body.stream) return c.json(await chatCompletion(head, answer))
    const usage = body.stream_options?.include_usage ?? false
    return await streamed(c, SSE_TYPE, answer, new OpenAiChatEncoder(head, usage))
  })

  app.post('/v1/completions', async (c) => {
    const body = await readBody(c, OpenAiCompletionRequest, deps)
    const caller = callerOf(c, deps, body)
    const answer = await generate(
      deps.models,
      body.model,
      {
        ...controls(body, body.max_tokens),
        // As in Ollama, the model's chat template wraps the prompt.
        prompt: { kind: 'text', text: body.prompt, raw: false, suffix: body.suffix, images: [] },
        topLogprobs: body.logprobs,
      },
      caller,
    )
    const head = {
      ...headOf('cmpl', c.get('requestId'), body.model),
      ...tierOf(body.service_tier, caller),
    }
    if (!body.stream) return c.json(await textCompletion(head, answer))
    const usage = body.stream_options?.include_usage ?? false
    return await streamed(c, SSE_TYPE, answer, new OpenAiCompletionEncoder(head, usage))
  })

  app.post('/v1/embeddings', async (c) => {
    const body = await readBody(c, OpenAiEmbeddingsRequest, deps)
    if (body.input.length === 0) {
      throw new RequestError('bad-request', 'input: expected at least one string, got []', 'input')
    }
    const ask = { inputs: body.input, truncate: true, keepAliveMs: body.keep_alive, options: {} }
    const answer = await embed(deps.models, body.model, ask, callerOf(c, deps, body))
    const { vectors, metrics } = collect(await answer.all())
    const response: OpenAiEmbeddingsResponse = {
      object: 'list',
      data: vectors.map((vector, index) => {
        const embedding = normalised(vector, body.dimensions)
        return {
          object: 'embedding',
          index,
          embedding: body.encoding_format === 'base64' ? base64Floats(embedding) : embedding,
        }
      }),
      model: body.model,
      usage: { prompt_tokens: metrics.promptTokens, total_tokens: metrics.promptTokens },
    }
    return c.json(response)
  })

  app.get('/v1/models', async (c) => {
    const list = await deps.models.list()
    return c.json({ object: 'list', data: list.map(modelOf) } satisfies OpenAiModelList)
  })

  app.post('/v1/audio/transcriptions', () => {
    throw new RequestError('not-supported', 'the engine here does not hear: there is no model for speech')
  })

  // Names may hold slashes.
  app.get('/v1/models/:id{.+}', async (c) => {
    return c.json(modelOf(await storedModel(deps.models, c.req.param('id'))))
  })

  return app
}

/** OpenAI's names for what all families share. */
function controls(body: OpenAiChatRequest | OpenAiCompletionRequest, maxTokens: number | undefined) {
  const options: OllamaOptions = {
    num_predict: maxTokens,
    seed: body.seed,
    stop: body.stop,
    temperature: body.temperature,
    top_p: body.top_p,
    presence_penalty: body.presence_penalty,
    frequency_penalty: body.frequency_penalty,
  }
  return {
    defaults: OPENAI_DEFAULTS,
    options,
    keepAliveMs: body.keep_alive,
    truncate: true,
    shift: true,
    returnTokens: false,
  }
}

function messageOf(message: OpenAiMessage, index: number): Message {
  const parts =
    typeof message.content === 'string'
      ? [{ type: 'text' as const, text: message.content }]
      : (message.content ?? [])
  const images = parts.flatMap((part, at) => {
    if (part.type !== 'image_url') return []
    const field = `messages[${index}].content[${at}].image_url`
    if (!/^https?:/i.test(part.image_url.url)) return [imageBytes(part.image_url.url, field)]
    throw new RequestError(
      'bad-request',
      `${field}: expected a data: URL; images are not fetched from elsewhere`,
      field,
    )
  })
  const thinking = message.reasoning ?? message.reasoning_content
  return {
    role: message.role === 'developer' ? 'system' : message.role,
    content: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n'),
    ...(thinking === undefined ? {} : { thinking }),
    ...(images.length === 0 ? {} : { images }),
    ...(message.tool_calls === undefined
      ? {}
      : {
          toolCalls: message.tool_calls.map(({ id, function: call }, at) => ({
            id: id ?? `call_${at}`,
            name: call.name,
            arguments: argumentsOf(call.arguments, `messages[${index}].tool_calls[${at}].function.arguments`),
          })),
        }),
    ...(message.tool_call_id === undefined ? {} : { toolCallId: message.tool_call_id }),
    ...(message.role === 'tool' && message.name !== undefined ? { toolName: message.name } : {}),
  }
}

function toolsOf({ tools, tool_choice: choice }: OpenAiChatRequest): readonly Tool[] | undefined {
  if (tools === undefined || choice === 'none') return undefined
  return tools.map(({ function: { name, description, parameters } }) => ({
    name,
    ...(description === undefined ? {} : { description }),
    parameters: parameters ?? {},
  }))
}

function choiceOf(choice: OpenAiChatRequest['tool_choice']): ToolChoice | undefined {
  if (typeof choice === 'object') return { name: choice.function.name }
  return choice === 'required' ? 'required' : undefined
}

/** The Responses API has the schema one level higher. */
function schemaOf(format: OpenAiChatRequest['response_format']) {
  return format?.type === 'json_schema' ? { type: format.type, schema: format.json_schema.schema } : format
}

/** A model is owned by the namespace it was published in. */
function modelOf(model: StoredModel): OpenAiModel {
  const owner = model.name.includes('/') ? model.name.split('/').at(-2) : 'library'
  return {
    id: model.name,
    object: 'model',
    created: Math.floor(model.modifiedAt.getTime() / 1000),
    owned_by: owner ?? 'library',
  }
}
