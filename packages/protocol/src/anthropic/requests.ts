import { z } from 'zod'
import { between, flag, jsonObject, maybe, modelName, text, wholeFrom } from '../schemas/fields.js'
import { keepAliveMs } from '../schemas/keep-alive.js'
import { anthropicTier, priority } from '../schemas/urgency.js'

const textBlock = z.object({ type: z.literal('text'), text })

const imageBlock = z.object({
  type: z.literal('image'),
  source: z.discriminatedUnion(
    'type',
    [
      z.object({ type: z.literal('base64'), media_type: text, data: text }),
      z.object({ type: z.literal('url'), url: text }),
    ],
    { error: 'expected a source of type "base64" or "url"' },
  ),
})

const BLOCKS = 'text, image, tool_use, tool_result, thinking or redacted_thinking'

const block = z.discriminatedUnion(
  'type',
  [
    textBlock,
    imageBlock,
    z.object({ type: z.literal('tool_use'), id: text, name: text, input: maybe(jsonObject) }),
    z.object({
      type: z.literal('tool_result'),
      tool_use_id: text,
      content: maybe(
        z.union([z.string(), z.array(z.discriminatedUnion('type', [textBlock, imageBlock]))], {
          error: 'expected a string or a list of blocks of type text or image',
        }),
      ),
      is_error: maybe(flag),
    }),
    z.object({ type: z.literal('thinking'), thinking: text, signature: maybe(text) }),
    z.object({ type: z.literal('redacted_thinking'), data: maybe(text) }),
  ],
  { error: `expected a block of type ${BLOCKS}` },
)

export const AnthropicMessage = z.object({
  role: z.enum(['user', 'assistant', 'system'], { error: 'expected "user" or "assistant"' }),
  content: z.union([z.string(), z.array(block)], {
    error: `expected a string or a list of blocks of type ${BLOCKS}`,
  }),
})
export type AnthropicMessage = z.output<typeof AnthropicMessage>
export type AnthropicBlock = z.output<typeof block>

const tool = z.object({
  type: maybe(z.literal('custom', { error: 'expected "custom": tools that a provider runs are not here' })),
  name: text,
  description: maybe(text),
  input_schema: maybe(jsonObject),
})

const toolChoice = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('auto') }),
    z.object({ type: z.literal('any') }),
    z.object({ type: z.literal('none') }),
    z.object({ type: z.literal('tool'), name: text }),
  ],
  { error: 'expected {"type": "auto"}, "any", "none" or {"type": "tool", "name": ...}' },
)

const thinking = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('enabled'), budget_tokens: maybe(wholeFrom(1)) }),
    z.object({ type: z.literal('adaptive') }),
    z.object({ type: z.literal('disabled') }),
  ],
  { error: 'expected {"type": "enabled", "budget_tokens": ...}, "adaptive" or "disabled"' },
)

const conversation = {
  model: modelName,
  messages: z
    .array(AnthropicMessage, { error: 'expected a list of messages' })
    .min(1, { error: 'expected at least one message' }),
  system: maybe(
    z.union([z.string(), z.array(textBlock)], { error: 'expected a string or a list of text blocks' }),
  ),
  tools: maybe(z.array(tool, { error: 'expected a list of tools' })),
  tool_choice: maybe(toolChoice),
  thinking: maybe(thinking),
  /** Not Anthropic's: how long the model stays loaded. */
  keep_alive: maybe(keepAliveMs),
  /** Nor this: how urgent it is. */
  priority: maybe(priority),
}

export const AnthropicMessagesRequest = z.object({
  ...conversation,
  max_tokens: wholeFrom(1),
  stream: maybe(flag),
  temperature: maybe(between(0, 100)),
  top_p: maybe(between(0, 1)),
  top_k: maybe(wholeFrom(0)),
  service_tier: maybe(anthropicTier),
  stop_sequences: maybe(z.array(text, { error: 'expected a list of strings' })),
})
export type AnthropicMessagesRequest = z.output<typeof AnthropicMessagesRequest>

export const AnthropicCountRequest = z.object(conversation)
export type AnthropicCountRequest = z.output<typeof AnthropicCountRequest>
