import { OpenAiResponseRequest, SSE_TYPE } from '@berth/protocol'
import { Hono } from 'hono'
import type { AppEnv } from '../app-env.js'
import { OPENAI_DEFAULTS, collect, generate } from '../generate/index.js'
import type { RouteDeps } from './deps.js'
import { formatOf, thinkOf, tierOf } from './openai-controls.js'
import { ResponseEncoder, responseHead, wholeResponse } from './openai-response-answers.js'
import { conversationOf } from './openai-response-input.js'
import { callerOf, readBody, streamed } from './respond.js'

/** OpenAI's Responses API, without what needs answers to be stored. */
export function openAiResponseRoutes(deps: RouteDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.post('/v1/responses', async (c) => {
    const body = await readBody(c, OpenAiResponseRequest, deps)
    const caller = callerOf(c, deps, body)
    const { tool_choice: choice } = body
    const tools = choice === 'none' ? undefined : body.tools
    const answer = await generate(
      deps.models,
      body.model,
      {
        prompt: {
          kind: 'chat',
          messages: conversationOf(body),
          tools: tools?.map(({ name, description, parameters }) => ({
            name,
            ...(description === undefined ? {} : { description }),
            parameters: parameters ?? {},
          })),
          toolChoice:
            typeof choice === 'object' ? { name: choice.name } : choice === 'required' ? choice : undefined,
        },
        defaults: OPENAI_DEFAULTS,
        options: { num_predict: body.max_output_tokens, temperature: body.temperature, top_p: body.top_p },
        format: formatOf(body.text?.format),
        think: thinkOf(body.reasoning?.effort),
        keepAliveMs: body.keep_alive,
        truncate: body.truncation !== 'disabled',
        shift: true,
        returnTokens: false,
      },
      caller,
    )
    const head = { ...responseHead(c.get('requestId'), body), ...tierOf(body.service_tier, caller) }
    if (!body.stream) return c.json(wholeResponse(head, collect(await answer.all())))
    return await streamed(c, SSE_TYPE, answer, new ResponseEncoder(head))
  })

  return app
}
