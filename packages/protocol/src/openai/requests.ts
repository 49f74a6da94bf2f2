import { z } from 'zod'
import { keepAliveMs } from '../schemas/keep-alive.js'
import { openAiTier, priority } from '../schemas/urgency.js'
import {
  between,
  flag,
  jsonObject,
  maybe,
  modelName,
  seed,
  text,
  textOrTexts,
  wholeFrom,
} from '../schemas/fields.js'

/** The fields that both kinds of completion share. `keep_alive` and `priority` are ours: OpenAI's API has no words for them. */
const controls = {
  model: modelName,
  stream: maybe(flag),
  stream_options: maybe(z.object({ include_usage: maybe(flag) }, { error: 'expected a JSON object' })),
  max_tokens: maybe(wholeFrom(1)),
  seed: maybe(seed),
  stop: maybe(textOrTexts('expected a string or a list of strings')),
  temperature: maybe(between(0, 100)),
  top_p: maybe(between(0, 1)),
  presence_penalty: maybe(between(-100, 100)),
  frequency_penalty: maybe(between(-100, 100)),
  n: maybe(z.literal(1, { error: 'expected 1: one answer a request is all that is given' })),
  keep_alive: maybe(keepAliveMs),
  service_tier: maybe(openAiTier),
  priority: maybe(priority),
}

const textPart = z.object({ type: z.literal('text'), text })
const imagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.union([z.string().transform((url) => ({ url })), z.object({ url: text })]),
})

const content = z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, imagePart]))], {
  error: 'expected a string or a list of parts of type "text" or "image_url"',
})

const toolCall = z.object({
  id: maybe(text),
  type: maybe(z.literal('function')),
  function: z.object({ name: text, arguments: maybe(text) }),
})

export const OpenAiMessage = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool'], {
    error: 'expected "system", "developer", "user", "assistant" or "tool"',
  }),
  content: maybe(content),
  reasoning: maybe(text),
  reasoning_content: maybe(text),
  tool_calls: maybe(z.array(toolCall)),
  tool_call_id: maybe(text),
  name: maybe(text),
})
export type OpenAiMessage = z.output<typeof OpenAiMessage>

const responseFormat = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text') }),
    z.object({ type: z.literal('json_object') }),
    z.object({ type: z.literal('json_schema'), json_schema: z.object({ schema: jsonObject }) }),
  ],
  {
    error:
      'expected {"type": "text"}, {"type": "json_object"} or {"type": "json_schema", "json_schema": {"schema": ...}}',
  },
)

const toolChoice = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.object({ type: z.literal('function'), function: z.object({ name: text }) }),
  ],
  { error: 'expected "none", "auto", "required" or {"type": "function", "function": {"name": ...}}' },
)

export const OpenAiChatRequest = z.object({
  ...controls,
  messages: z
    .array(OpenAiMessage, { error: 'expected a list of messages' })
    .min(1, { error: 'expected at least one message' }),
  max_completion_tokens: maybe(wholeFrom(1)),
  response_format: maybe(responseFormat),
  tools: maybe(
    z.array(
      z.object({
        type: z.literal('function', { error: 'expected "function"' }),
        function: z.object({ name: text, description: maybe(text), parameters: maybe(jsonObject) }),
      }),
      { error: 'expected a list of tools' },
    ),
  ),
  tool_choice: maybe(toolChoice),
  reasoning_effort: maybe(
    z.enum(['none', 'minimal', 'low', 'medium', 'high', 'max'], {
      error: 'expected "none", "minimal", "low", "medium", "high" or "max"',
    }),
  ),
  logprobs: maybe(flag),
  top_logprobs: maybe(wholeFrom(0, 20)),
})
export type OpenAiChatRequest = z.output<typeof OpenAiChatRequest>

const onePrompt = z.union([z.string(), z.tuple([z.string()]).transform(([one]) => one)], {
  error: 'expected a string (several prompts, or token ids, are not taken)',
})

export const OpenAiCompletionRequest = z.object({
  ...controls,
  prompt: onePrompt,
  suffix: maybe(text),
  logprobs: maybe(wholeFrom(0, 20)),
})
export type OpenAiCompletionRequest = z.output<typeof OpenAiCompletionRequest>

export const OpenAiEmbeddingsRequest = z.object({
  model: modelName,
  input: textOrTexts('expected a string or a list of strings (token ids are not taken)'),
  dimensions: maybe(wholeFrom(1)),
  encoding_format: maybe(z.enum(['float', 'base64'], { error: 'expected "float" or "base64"' })),
  keep_alive: maybe(keepAliveMs),
  priority: maybe(priority),
})
export type OpenAiEmbeddingsRequest = z.output<typeof OpenAiEmbeddingsRequest>
