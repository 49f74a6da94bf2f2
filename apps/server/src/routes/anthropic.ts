import {
  AnthropicCountRequest,
  AnthropicMessagesRequest,
  SSE_TYPE,
  type AnthropicTokenCount,
} from '@berth/protocol'
import type { ToolChoice } from '@berth/scheduler'
import { Hono } from 'hono'
import type { AppEnv } from '../app-env.js'
import { OPENAI_DEFAULTS, collect, generate, type ThinkLevel } from '../generate/index.js'
import { AnthropicEncoder, messageOf, tierOf } from './anthropic-answers.js'
import { conversationOf } from './anthropic-messages.js'
import type { RouteDeps } from './deps.js'
import { callerOf, readBody, streamed } from './respond.js'

/** Anthropic's Messages API. */
export function anthropicRoutes(deps: RouteDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.post('/v1/messages', async (c) => {
    const body = await readBody(c, AnthropicMessagesRequest, deps)
    const caller = callerOf(c, deps, body)
    const answer = await generate(
      deps.models,
      body.model,
      {
        ...turnOf(body),
        options: {
          num_predict: body.max_tokens,
          temperature: body.temperature,
          top_p: body.top_p,
          top_k: body.top_k,
          stop: body.stop_sequences,
        },
        truncate: true,
      },
      caller,
    )
    const tier = tierOf(body.service_tier, caller)
    const id = `msg_${c.get('requestId')}`
    const sequences = body.stop_sequences ?? []
    if (!body.stream) return c.json(messageOf(id, body.model, collect(await answer.all()), sequences, tier))
    return await streamed(c, SSE_TYPE, answer, new AnthropicEncoder(id, body.model, sequences, tier))
  })

  /** The prompt is computed to count it, and stays in the KV cache for the message that usually follows. */
  app.post('/v1/messages/count_tokens', async (c) => {
    const body = await readBody(c, AnthropicCountRequest, deps)
    const ask = { ...turnOf(body), options: { num_predict: 1 }, truncate: false }
    const answer = await generate(deps.models, body.model, ask, callerOf(c, deps, body))
    const { metrics } = collect(await answer.all())
    return c.json({ input_tokens: metrics.promptTokens } satisfies AnthropicTokenCount)
  })

  return app
}

/** What a message and the count of its tokens have in common. */
function turnOf(body: AnthropicCountRequest) {
  const tools = body.tool_choice?.type === 'none' ? undefined : body.tools
  return {
    defaults: OPENAI_DEFAULTS,
    prompt: {
      kind: 'chat' as const,
      messages: conversationOf(body),
      tools: tools?.map(({ name, description, input_schema: parameters }) => ({
        name,
        ...(description === undefined ? {} : { description }),
        parameters: parameters ?? {},
      })),
      toolChoice: choiceOf(body.tool_choice),
    },
    think: thinkOf(body.thinking),
    // As in Ollama: coding clients always send it.
    thinkIfAble: true,
    keepAliveMs: body.keep_alive,
    shift: true,
    returnTokens: false,
  }
}

function choiceOf(choice: AnthropicCountRequest['tool_choice']): ToolChoice | undefined {
  if (choice?.type === 'any') return 'required'
  return choice?.type === 'tool' ? { name: choice.name } : undefined
}

function thinkOf(thinking: AnthropicCountRequest['thinking']): ThinkLevel | undefined {
  return thinking === undefined ? undefined : thinking.type !== 'disabled'
}
