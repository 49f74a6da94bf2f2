import {
  BackendError,
  type EmbedJob,
  type GenerateJob,
  type Message,
  type OutputFormat,
  type Prompt,
} from '@berth/scheduler'
import { base64, imageType } from './base64.js'
import type { WireRequest } from './dialect.js'

type Messages = Extract<Prompt, { kind: 'messages' }>

/** A job as a request of OpenAI's API. @throws BackendError `unsupported` */
export function openAiRequest(model: string, job: GenerateJob): WireRequest {
  const { prompt, logprobs } = job
  if (prompt.after !== undefined) throw unsupported('tokens of earlier turns')
  if (prompt.kind === 'raw') {
    if (job.format !== undefined) throw unsupported('a format for a raw prompt')
    return {
      path: '/v1/completions',
      body: { ...controls(model, job), prompt: prompt.text, suffix: prompt.suffix, logprobs: logprobs?.top },
    }
  }
  if (prompt.template !== undefined) throw unsupported('a chat template')
  return {
    path: '/v1/chat/completions',
    body: {
      ...controls(model, job),
      messages: prompt.messages.map(wireMessage),
      tools: prompt.tools?.map((tool) => ({ type: 'function', function: tool })),
      tool_choice: choiceOf(prompt.toolChoice),
      reasoning_effort: effortOf(prompt.templateArguments),
      response_format: formatOf(job.format),
      ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs.top }),
    },
  }
}

export function openAiEmbed(model: string, _job: EmbedJob, inputs: readonly string[]): WireRequest {
  return { path: '/v1/embeddings', body: { model, input: inputs, encoding_format: 'float' } }
}

const unsupported = (what: string): BackendError =>
  new BackendError('unsupported', `OpenAI's API has no word for ${what}`)

/** top_k, min_p and penalties of repetition are not in the API, and many servers refuse what they do not know. */
function controls(model: string, { sampling, maxTokens, stop }: GenerateJob): object {
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    temperature: sampling.temperature,
    top_p: sampling.topP,
    seed: sampling.seed,
    frequency_penalty: sampling.frequencyPenalty,
    presence_penalty: sampling.presencePenalty,
    logit_bias: sampling.logitBias,
    max_tokens: maxTokens,
    ...(stop.length === 0 ? {} : { stop }),
  }
}

const choiceOf = (choice: Messages['toolChoice']): unknown =>
  typeof choice === 'object' ? { type: 'function', function: choice } : choice

function formatOf(format: OutputFormat | undefined): unknown {
  switch (format?.kind) {
    case undefined:
      return undefined
    case 'json':
      return { type: 'json_object' }
    case 'json-schema':
      return {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: format.schema },
      }
    case 'gbnf':
      throw unsupported('a grammar')
  }
}

/** The two variables for which the API has a word. Thinking that is wanted without a measure is the model's own affair. */
function effortOf(templateArguments: Messages['templateArguments'] = {}): unknown {
  const { enable_thinking: enabled, reasoning_effort: effort, ...others } = templateArguments
  const [other] = Object.keys(others)
  if (other !== undefined) throw unsupported(`the template's variable '${other}'`)
  return effort ?? (enabled === false ? 'none' : undefined)
}

function wireMessage({ role, content, images, toolCalls, toolCallId, toolName }: Message): object {
  return {
    role,
    content: images?.length
      ? [
          ...(content === '' ? [] : [{ type: 'text', text: content }]),
          ...images.map((image) => ({
            type: 'image_url',
            image_url: { url: `data:${imageType(image)};base64,${base64(image)}` },
          })),
        ]
      : content,
    tool_calls: toolCalls?.map(({ id, name, arguments: given }) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(given) },
    })),
    tool_call_id: toolCallId,
    name: role === 'tool' ? toolName : undefined,
  }
}
