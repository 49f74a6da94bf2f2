import { BackendError, type EmbedJob, type GenerateJob, type Message, type Prompt } from '@berth/scheduler'
import { formatGoDuration } from '../formats/go-duration.js'
import { base64 } from './base64.js'
import type { WireRequest } from './dialect.js'

/** Which server speaks Ollama's API: Berth takes a little more of it. */
export type NativeKind = 'berth' | 'ollama'

type Messages = Extract<Prompt, { kind: 'messages' }>

/** A job as a request of Ollama's API. @throws BackendError `unsupported` */
export function nativeRequest(kind: NativeKind, model: string, job: GenerateJob): WireRequest {
  const { prompt } = job
  const body = { model, stream: true, ...controls(job) }
  if (prompt.kind === 'raw') {
    if (prompt.after !== undefined && kind === 'ollama') {
      throw new BackendError('unsupported', 'Ollama takes no tokens of earlier turns before a raw prompt')
    }
    return {
      path: '/api/generate',
      body: {
        ...body,
        // A suffix has its place in the model's template.
        raw: prompt.suffix === undefined,
        prompt: prompt.text,
        suffix: prompt.suffix,
        context: prompt.after,
      },
    }
  }
  const thinking = { think: thinkOf(prompt.templateArguments) }
  const turn = oneTurn(prompt)
  const needsTurn = prompt.template !== undefined || prompt.after !== undefined
  // Only `generate` gives tokens to go on from; a conversation of several turns has to do without.
  if (turn !== null && prompt.tools === undefined && (needsTurn || job.returnTokens)) {
    return {
      path: '/api/generate',
      body: {
        ...body,
        ...thinking,
        ...turn,
        template: templateOf(prompt),
        context: prompt.after,
      },
    }
  }
  if (needsTurn) {
    const what = prompt.template === undefined ? 'tokens of earlier turns' : 'a chat template'
    throw new BackendError('unsupported', `Ollama's API takes ${what} with a single turn only`)
  }
  if (prompt.toolChoice !== undefined) {
    throw new BackendError('unsupported', "Ollama's API has no word for the choice of a tool")
  }
  return {
    path: '/api/chat',
    body: {
      ...body,
      ...thinking,
      messages: prompt.messages.map(wireMessage),
      ...(prompt.tools === undefined
        ? {}
        : { tools: prompt.tools.map((tool) => ({ type: 'function', function: tool })) }),
    },
  }
}

export function nativeEmbed(model: string, job: EmbedJob, inputs: readonly string[]): WireRequest {
  const { truncate, contextLength, keepAliveMs } = job
  return {
    path: '/api/embed',
    body: {
      model,
      input: inputs,
      truncate,
      ...(contextLength === undefined ? {} : { options: { num_ctx: contextLength } }),
      keep_alive: keepAliveOf(keepAliveMs),
    },
  }
}

/** A number is whole seconds there, a text any duration. */
function keepAliveOf(ms: number | undefined): string | number | undefined {
  return ms === undefined ? undefined : ms < 0 ? -1 : formatGoDuration(ms)
}

/** What is undefined is left out of the JSON: the server's own, or the model's, holds then. */
function controls(job: GenerateJob): object {
  const { sampling, maxTokens, contextLength, keepAliveMs, stop, overflow, format, logprobs } = job
  return {
    options: {
      temperature: sampling.temperature,
      top_k: sampling.topK,
      top_p: sampling.topP,
      min_p: sampling.minP,
      seed: sampling.seed,
      repeat_penalty: sampling.repeatPenalty,
      repeat_last_n: sampling.repeatLastN,
      frequency_penalty: sampling.frequencyPenalty,
      presence_penalty: sampling.presencePenalty,
      num_predict: maxTokens,
      num_ctx: contextLength,
      num_keep: overflow.keep,
      ...(stop.length === 0 ? {} : { stop }),
    },
    format: formatOf(format),
    keep_alive: keepAliveOf(keepAliveMs),
    truncate: overflow.prompt === 'truncate',
    shift: overflow.answer === 'shift',
    ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs.top }),
  }
}

function formatOf(format: GenerateJob['format']): unknown {
  switch (format?.kind) {
    case undefined:
      return undefined
    case 'json':
      return 'json'
    case 'json-schema':
      return format.schema
    case 'gbnf':
      throw new BackendError('unsupported', "Ollama's API takes a JSON schema, not a grammar")
  }
}

/** The two variables for which the API has a word. */
function thinkOf(templateArguments: Messages['templateArguments'] = {}): unknown {
  const { enable_thinking: enabled, reasoning_effort: effort, ...others } = templateArguments
  const [other] = Object.keys(others)
  if (other !== undefined) {
    throw new BackendError('unsupported', `Ollama's API has no word for the template's variable '${other}'`)
  }
  return effort ?? enabled
}

function templateOf({ template }: Messages): string | undefined {
  if (template === undefined || template.language === 'go') return template?.source
  throw new BackendError('unsupported', "Ollama's API takes Go templates, not Jinja's")
}

/** The fields of a conversation that is one question, with or without a system prompt; null where it is more. */
function oneTurn({ messages }: Messages): object | null {
  const [first, second, third] = messages
  const [system, user] = first?.role === 'system' ? [first, second] : [undefined, first]
  if (user?.role !== 'user' || third !== undefined || (system === undefined && second !== undefined)) {
    return null
  }
  return {
    prompt: user.content,
    ...(system === undefined ? {} : { system: system.content }),
    ...(user.images === undefined ? {} : { images: user.images.map(base64) }),
  }
}

function wireMessage({ role, content, thinking, images, toolCalls, toolCallId, toolName }: Message): object {
  return {
    role,
    content,
    thinking,
    images: images?.map(base64),
    tool_calls: toolCalls?.map(({ id, name, arguments: given }) => ({
      id,
      function: { name, arguments: given },
    })),
    tool_call_id: toolCallId,
    tool_name: toolName,
  }
}
