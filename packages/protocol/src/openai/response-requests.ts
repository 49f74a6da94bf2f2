import { z } from 'zod'
import { between, flag, jsonObject, maybe, modelName, text, wholeFrom } from '../schemas/fields.js'
import { keepAliveMs } from '../schemas/keep-alive.js'
import { openAiTier, priority } from '../schemas/urgency.js'

const PARTS = 'input_text, output_text, refusal or input_image'

const part = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('input_text'), text }),
    z.object({ type: z.literal('output_text'), text }),
    z.object({ type: z.literal('refusal'), refusal: text }),
    z.object({ type: z.literal('input_image'), image_url: maybe(text), file_id: maybe(text) }),
  ],
  { error: `expected a part of type ${PARTS}` },
)

const content = z.union([z.string(), z.array(part)], {
  error: `expected a string or a list of parts of type ${PARTS}`,
})

const message = z.object({
  // Left out by clients that send messages alone.
  type: z.literal('message').default('message'),
  role: z.enum(['system', 'developer', 'user', 'assistant'], {
    error: 'expected "system", "developer", "user" or "assistant"',
  }),
  content,
})

const reasoningText = z.array(z.object({ text }))

const item = z.union(
  [
    z.object({
      type: z.literal('function_call'),
      call_id: text,
      name: text,
      arguments: maybe(text),
    }),
    z.object({ type: z.literal('function_call_output'), call_id: text, output: content }),
    z.object({
      type: z.literal('reasoning'),
      summary: maybe(reasoningText),
      content: maybe(reasoningText),
    }),
    message,
  ],
  { error: 'expected an item of type message, function_call, function_call_output or reasoning' },
)

const tool = z.object({
  type: z.literal('function', { error: 'expected "function": tools that a provider runs are not here' }),
  name: text,
  description: maybe(text),
  parameters: maybe(jsonObject),
})

const toolChoice = z.union(
  [z.enum(['none', 'auto', 'required']), z.object({ type: z.literal('function'), name: text })],
  { error: 'expected "none", "auto", "required" or {"type": "function", "name": ...}' },
)

const format = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text') }),
    z.object({ type: z.literal('json_object') }),
    z.object({ type: z.literal('json_schema'), schema: jsonObject }),
  ],
  { error: 'expected {"type": "text"}, {"type": "json_object"} or {"type": "json_schema", "schema": ...}' },
)

const NO_STORE = 'expected none: answers are not stored here, send the conversation itself'

/** The body of `/v1/responses`. `keep_alive` and `priority` are ours. */
export const OpenAiResponseRequest = z.object({
  model: modelName,
  // A text is a message of the user's.
  input: z.preprocess(
    (value) => (typeof value === 'string' ? [{ type: 'message', role: 'user', content: value }] : value),
    z.array(item, { error: 'expected a string or a list of items' }),
  ),
  instructions: maybe(text),
  stream: maybe(flag),
  max_output_tokens: maybe(wholeFrom(1)),
  temperature: maybe(between(0, 100)),
  top_p: maybe(between(0, 1)),
  tools: maybe(z.array(tool, { error: 'expected a list of tools' })),
  tool_choice: maybe(toolChoice),
  parallel_tool_calls: maybe(flag),
  text: maybe(z.object({ format: maybe(format) })),
  reasoning: maybe(
    z.object({
      effort: maybe(
        z.enum(['none', 'minimal', 'low', 'medium', 'high', 'max'], {
          error: 'expected "none", "minimal", "low", "medium", "high" or "max"',
        }),
      ),
    }),
  ),
  truncation: maybe(z.enum(['auto', 'disabled'], { error: 'expected "auto" or "disabled"' })),
  metadata: maybe(jsonObject),
  previous_response_id: maybe(z.never({ error: NO_STORE })),
  conversation: maybe(z.never({ error: NO_STORE })),
  background: maybe(z.literal(false, { error: 'expected false: answers are not made in the background' })),
  service_tier: maybe(openAiTier),
  keep_alive: maybe(keepAliveMs),
  priority: maybe(priority),
})
export type OpenAiResponseRequest = z.output<typeof OpenAiResponseRequest>
export type OpenAiResponseItem = OpenAiResponseRequest['input'][number]
