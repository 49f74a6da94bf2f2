import { BackendError, type GenerateJob, type Message, type OutputFormat } from '@berth/scheduler'
import type {
  ChatCompletionMessageParam,
  ChatCompletionRequestStreaming,
  CompletionCreateParamsStreaming,
  ResponseFormat,
} from '@mlc-ai/web-llm'

/** Settings of WebLLM that a job's sampling comes to. What is off is said to be: the model's own defaults are not all off. */
export function samplingOf({
  sampling,
  maxTokens,
}: GenerateJob): Pick<
  CompletionCreateParamsStreaming,
  | 'temperature'
  | 'top_p'
  | 'repetition_penalty'
  | 'frequency_penalty'
  | 'presence_penalty'
  | 'seed'
  | 'logit_bias'
  | 'max_tokens'
> {
  const { temperature, topP, repeatPenalty, frequencyPenalty, presencePenalty, seed, logitBias } = sampling
  return {
    ...(temperature === undefined ? {} : { temperature }),
    top_p: Math.min(1, Math.max(topP ?? 1, Number.EPSILON)),
    repetition_penalty: repeatPenalty ?? 1,
    frequency_penalty: frequencyPenalty ?? 0,
    presence_penalty: presencePenalty ?? 0,
    // Its generator takes no negative one.
    ...(seed === undefined ? {} : { seed: Math.abs(seed) }),
    ...(logitBias === undefined ? {} : { logit_bias: { ...logitBias } }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  }
}

/** @throws BackendError `unsupported` for what would change the answer and WebLLM cannot do, `bad-job` for no messages. */
export function chatRequest(job: GenerateJob, messages: readonly Message[]): ChatCompletionRequestStreaming {
  const thinks =
    job.prompt.kind === 'messages' ? job.prompt.templateArguments?.['enable_thinking'] : undefined
  return {
    stream: true,
    messages: messages.map(messageOf),
    ...samplingOf(job),
    ...(job.format === undefined ? {} : { response_format: responseFormat(job.format) }),
    ...(typeof thinks === 'boolean' ? { extra_body: { enable_thinking: thinks } } : {}),
  }
}

/** The messages with one system prompt, at the beginning, as WebLLM wants it. */
export function messagesOf({ prompt }: GenerateJob): readonly Message[] {
  if (prompt.kind !== 'messages') return []
  const { messages } = prompt
  if (messages.length === 0) throw new BackendError('bad-job', 'Expected at least one message, got none')
  const begin = messages.findIndex(({ role }) => role !== 'system')
  const rest = begin < 0 ? [] : messages.slice(begin)
  if (rest.some(({ role }) => role === 'system')) {
    throw new BackendError('unsupported', 'WebLLM takes system prompts before the first turn only')
  }
  if (rest.at(-1)?.role !== 'user') {
    throw new BackendError('unsupported', 'WebLLM answers only where the last turn is the user’s')
  }
  const system = messages.slice(0, begin).map(({ content }) => content)
  return system.length === 0 ? rest : [{ role: 'system', content: system.join('\n\n') }, ...rest]
}

/** @throws BackendError `unsupported` for a job that WebLLM cannot do. */
export function checkJob(job: GenerateJob, seesImages: boolean): void {
  const { prompt } = job
  if (job.maxTokens !== undefined && !(Number.isSafeInteger(job.maxTokens) && job.maxTokens > 0)) {
    throw new BackendError('bad-job', `Expected maxTokens to be a whole number from 1, got ${job.maxTokens}`)
  }
  if (prompt.kind === 'raw') {
    if (prompt.suffix !== undefined) throw unsupported('text that leads to a suffix')
    if (job.format !== undefined) throw unsupported('a format for the answer to a raw prompt')
    return
  }
  if (prompt.template !== undefined) throw unsupported('a chat template other than the model’s own')
  if ((prompt.tools ?? []).length > 0 || prompt.messages.some(usesTools)) throw unsupported('tools')
  if (prompt.after !== undefined) throw unsupported('messages that go on from tokens')
  if (!seesImages && prompt.messages.some(hasImages)) throw unsupported('images with this model')
}

function hasImages({ images }: Message): boolean {
  return images !== undefined && images.length > 0
}

function usesTools({ role, toolCalls }: Message): boolean {
  return role === 'tool' || (toolCalls !== undefined && toolCalls.length > 0)
}

function unsupported(what: string): BackendError {
  return new BackendError('unsupported', `WebLLM cannot do ${what}`)
}

function messageOf(message: Message): ChatCompletionMessageParam {
  const { role, content } = message
  switch (role) {
    case 'system':
    case 'assistant':
      return { role, content }
    case 'user':
      return hasImages(message)
        ? {
            role,
            content: [
              ...message.images!.map((image) => ({
                type: 'image_url' as const,
                image_url: { url: `data:${imageType(image)};base64,${base64(image)}` },
              })),
              { type: 'text', text: content },
            ],
          }
        : { role, content }
    case 'tool':
      throw unsupported('tools')
  }
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

function imageType(image: Uint8Array): string {
  if (image[0] === 0xff && image[1] === 0xd8) return 'image/jpeg'
  if (image[0] === 0x52 && image[1] === 0x49) return 'image/webp'
  if (image[0] === 0x47 && image[1] === 0x49) return 'image/gif'
  return 'image/png'
}

function responseFormat(format: OutputFormat): ResponseFormat {
  switch (format.kind) {
    case 'json':
      return { type: 'json_object', schema: '{"type":"object"}' }
    case 'json-schema':
      return { type: 'json_object', schema: JSON.stringify(format.schema) }
    case 'gbnf':
      return { type: 'grammar', grammar: format.grammar }
  }
}
