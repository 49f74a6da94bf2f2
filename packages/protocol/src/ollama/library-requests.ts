import { z } from 'zod'
import { A_NAME, flag, jsonObject, maybe, text } from '../schemas/fields.js'

const stream = maybe(flag)

/** `name` is the older name of the field `model`. */
const eitherName = { model: maybe(text), name: maybe(text) }

function oneName<Value extends { readonly model?: string | undefined; readonly name?: string | undefined }>(
  value: Value,
  context: z.RefinementCtx,
): Omit<Value, 'model' | 'name'> & { readonly model: string } {
  const { model, name, ...rest } = value
  const given = model ?? name
  if (given) return { ...rest, model: given }
  context.addIssue({ code: 'custom', path: ['model'], message: A_NAME })
  return z.NEVER
}

export const OllamaPullRequest = z.object({ ...eitherName, insecure: maybe(flag), stream }).transform(oneName)
export type OllamaPullRequest = z.output<typeof OllamaPullRequest>

export const OllamaDeleteRequest = z.object(eitherName).transform(oneName)
export type OllamaDeleteRequest = z.output<typeof OllamaDeleteRequest>

export const OllamaCopyRequest = z.object({
  source: text.min(1, { error: A_NAME }),
  destination: text.min(1, { error: A_NAME }),
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
