import { z } from 'zod'
import { A_NAME, flag, jsonObject, maybe, modelName, text } from '../schemas/fields.js'

const stream = maybe(flag)

/** `name` is the older name of the field `model`. */
const eitherName = { model: maybe(text), name: maybe(text) }

function oneName<Value extends { readonly model?: string | undefined; readonly name?: string | undefined }>(
  value: Value,
  context: z.RefinementCtx,
): Omit<Value, 'model' | 'name'> & { readonly model: string } {
  const { model, name, ...rest } = value
  // Clients written in Go send the one they do not use as an empty text.
  const given = model || name
  if (given) return { ...rest, model: given }
  context.addIssue({ code: 'custom', path: ['model'], message: A_NAME })
  return z.NEVER
}

/** Ollama's fields for how a model is made that are not for this engine; each is refused by its name. */
const notHere = {
  draft_quantize: maybe(text),
  draft_files: maybe(z.record(z.string(), z.string())),
  remote_host: maybe(text),
  renderer: maybe(text),
  parser: maybe(text),
  info: maybe(jsonObject),
}

export const OllamaPullRequest = z.object({ ...eitherName, insecure: maybe(flag), stream }).transform(oneName)
export type OllamaPullRequest = z.output<typeof OllamaPullRequest>

export const OllamaDeleteRequest = z.object(eitherName).transform(oneName)
export type OllamaDeleteRequest = z.output<typeof OllamaDeleteRequest>

export const OllamaCopyRequest = z.object({
  source: modelName,
  destination: modelName,
})
export type OllamaCopyRequest = z.output<typeof OllamaCopyRequest>

const digests = z.record(z.string(), z.string(), {
  error: 'expected a JSON object of file names and digests',
})

export const OllamaCreateRequest = z
  .object({
    ...eitherName,
    from: maybe(text),
    files: maybe(digests),
    adapters: maybe(digests),
    quantize: maybe(text),
    quantization: maybe(text),
    ...notHere,
    template: maybe(text),
    system: maybe(text),
    license: maybe(
      z.union([z.string().transform((one) => [one]), z.array(z.string())], {
        error: 'expected a string or a list of strings',
      }),
    ),
    parameters: maybe(jsonObject),
    messages: maybe(
      z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: text }), {
        error: 'expected a list of messages',
      }),
    ),
    stream,
  })
  .transform(oneName)
export type OllamaCreateRequest = z.output<typeof OllamaCreateRequest>
