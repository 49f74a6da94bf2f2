import { z } from 'zod'
import { keepAliveMs } from '../schemas/keep-alive.js'
import { priority } from '../schemas/urgency.js'
import { A_NAME, flag, jsonObject, maybe, modelName, text, whole, wholeFrom } from '../schemas/fields.js'
import { OllamaOptions } from './options.js'

const format = z.union([z.literal('json'), z.literal('').transform(() => undefined), jsonObject], {
  error: 'expected "json" or a JSON schema',
})

const think = z.union([z.boolean(), z.enum(['low', 'medium', 'high', 'max'])], {
  error: 'expected true, false, "low", "medium", "high" or "max"',
})

/** What is left out is the model of no name, of which there is none: a 404 as in Ollama. */
const anyModelName = maybe(z.string({ error: A_NAME })).transform((name) => name ?? '')

const images = z.array(z.string(), { error: 'expected a list of base64 strings' })

/** Engines count tokens in 32 bits; which of these a model has, only its engine knows. */
const tokenId = wholeFrom(0, 2 ** 31 - 1)

/** The fields that `/api/generate` and `/api/chat` share. */
const controls = {
  model: modelName,
  stream: maybe(flag),
  format: maybe(format),
  keep_alive: maybe(keepAliveMs),
  priority: maybe(priority),
  options: maybe(OllamaOptions),
  think: maybe(think),
  truncate: maybe(flag),
  shift: maybe(flag),
  logprobs: maybe(flag),
  top_logprobs: maybe(wholeFrom(0, 20)),
}

export const OllamaGenerateRequest = z.object({
  ...controls,
  model: anyModelName,
  prompt: maybe(text),
  suffix: maybe(text),
  system: maybe(text),
  template: maybe(text),
  context: maybe(z.array(tokenId, { error: 'expected a list of token ids' })),
  raw: maybe(flag),
  images: maybe(images),
})
export type OllamaGenerateRequest = z.output<typeof OllamaGenerateRequest>

/** A tool call as messages carry it; `arguments` is an object here, not a text as in OpenAI's API. */
const toolCall = z.object({
  id: maybe(text),
  function: z.object({ name: text, arguments: maybe(jsonObject), index: maybe(whole) }),
})

const A_ROLE = 'expected "system", "user", "assistant" or "tool"'

export const OllamaMessage = z.object({
  role: z
    .string({ error: A_ROLE })
    .toLowerCase()
    .pipe(z.enum(['system', 'user', 'assistant', 'tool'], { error: A_ROLE })),
  content: maybe(text),
  thinking: maybe(text),
  images: maybe(images),
  tool_calls: maybe(z.array(toolCall)),
  tool_name: maybe(text),
  tool_call_id: maybe(text),
})
export type OllamaMessage = z.output<typeof OllamaMessage>

export const OllamaTool = z.object({
  type: maybe(z.literal('function', { error: 'expected "function"' })),
  function: z.object({ name: text, description: maybe(text), parameters: maybe(jsonObject) }),
})

export const OllamaChatRequest = z.object({
  ...controls,
  messages: maybe(z.array(OllamaMessage, { error: 'expected a list of messages' })),
  tools: maybe(z.array(OllamaTool, { error: 'expected a list of tools' })),
})
export type OllamaChatRequest = z.output<typeof OllamaChatRequest>

export const OllamaEmbedRequest = z.object({
  model: anyModelName,
  // One empty text is nothing to embed; among others it is one of them.
  input: maybe(
    z.union([z.string().transform((one) => (one === '' ? [] : [one])), z.array(z.string())], {
      error: 'expected a string or a list of strings',
    }),
  ),
  truncate: maybe(flag),
  dimensions: maybe(wholeFrom(0)),
  keep_alive: maybe(keepAliveMs),
  priority: maybe(priority),
  options: maybe(OllamaOptions),
})
export type OllamaEmbedRequest = z.output<typeof OllamaEmbedRequest>

/** The older `/api/embeddings`: one prompt, one vector. */
export const OllamaEmbeddingsRequest = z.object({
  model: modelName,
  prompt: maybe(text),
  keep_alive: maybe(keepAliveMs),
  priority: maybe(priority),
  options: maybe(OllamaOptions),
})
export type OllamaEmbeddingsRequest = z.output<typeof OllamaEmbeddingsRequest>

/** `name` is the field's older name; clients written in Go send the one they do not use as an empty text. */
export const OllamaShowRequest = z
  .object({ model: maybe(text), name: maybe(text), verbose: maybe(flag) })
  .transform(({ model, name, verbose }, context) => {
    const named = model || name
    if (named) return { model: named, verbose: verbose ?? false }
    context.addIssue({ code: 'custom', path: ['model'], message: A_NAME })
    return z.NEVER
  })
export type OllamaShowRequest = z.output<typeof OllamaShowRequest>
