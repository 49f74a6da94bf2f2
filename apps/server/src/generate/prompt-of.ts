import { GoTemplateError, parseGoTemplate, renderGoChat } from '@berth/protocol'
import type { ChatTemplate, Message, Prompt, Tool, ToolChoice } from '@berth/scheduler'
import type { StoredModel } from '../models/index.js'
import type { ChatAsk, GenerateAsk, TextAsk, ThinkLevel } from './ask.js'
import { RequestError } from './request-error.js'

/** What the engine is to read. @throws RequestError for what does not go together. */
export function promptOf(ask: GenerateAsk, model: StoredModel): Prompt {
  const { prompt } = ask
  if (prompt.kind === 'text' && prompt.suffix) return infill(prompt, prompt.suffix, model)
  if (prompt.kind === 'text' && prompt.raw) {
    return {
      kind: 'raw',
      text: prompt.text,
      ...(prompt.context === undefined ? {} : { after: prompt.context }),
    }
  }
  const messages = prompt.kind === 'chat' ? conversation(prompt, model) : oneTurn(prompt, model)
  const template = templateOf(prompt.kind === 'text' ? prompt.template : undefined, model)
  const templateArguments = thinkArguments(ask.think)
  return {
    kind: 'messages',
    messages,
    ...(prompt.kind === 'chat' && prompt.tools?.length ? toolsOf(prompt.tools, prompt.toolChoice) : {}),
    ...(template === undefined ? {} : { template }),
    ...(prompt.kind === 'text' && prompt.context !== undefined ? { after: prompt.context } : {}),
    ...(templateArguments === undefined ? {} : { templateArguments }),
  }
}

/** @throws RequestError for a choice of a tool that is not there. */
function toolsOf(tools: readonly Tool[], choice: ToolChoice | undefined) {
  if (typeof choice === 'object' && !tools.some(({ name }) => name === choice.name)) {
    const names = tools.map(({ name }) => name).join(', ')
    throw new RequestError(
      'bad-request',
      `tool_choice: expected one of the tools (${names}), got ${JSON.stringify(choice.name)}`,
      'tool_choice',
    )
  }
  return { tools, ...(choice === undefined ? {} : { toolChoice: choice }) }
}

/**
 * Text that leads to a suffix: as the template spells it, where it has a place for a suffix, else by the
 * tokens that the model has for it.
 */
function infill(prompt: TextAsk, suffix: string, model: StoredModel): Prompt {
  const { text } = prompt
  const source = prompt.raw ? undefined : templateOf(prompt.template, model)?.source
  if (source === undefined || !/\.Suffix\b/.test(source)) return { kind: 'raw', text, suffix }
  const messages: Message[] = [{ role: 'user', content: text }]
  try {
    const chat = { messages, tools: [], suffix }
    return { kind: 'raw', text: renderGoChat(parseGoTemplate(source), chat, { now: Date.now() }) }
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error
    throw new RequestError('bad-request', `the chat template failed: ${error.message}`, 'suffix', {
      cause: error,
    })
  }
}

/** The model file's messages come first; its system text only where the conversation brings none. */
function conversation({ messages }: ChatAsk, model: StoredModel): readonly Message[] {
  const all = [...modelMessages(model), ...messages]
  if (messages[0]?.role === 'system' || !model.system) return all
  return [{ role: 'system', content: model.system }, ...all]
}

function oneTurn(ask: TextAsk, model: StoredModel): readonly Message[] {
  const system = ask.system ?? model.system
  return [
    ...(system ? [{ role: 'system', content: system } as const] : []),
    ...(ask.context === undefined ? modelMessages(model) : []),
    { role: 'user', content: ask.text, ...(ask.images.length === 0 ? {} : { images: ask.images }) },
  ]
}

function modelMessages(model: StoredModel): readonly Message[] {
  return model.messages.flatMap(({ role, content }) =>
    role === 'system' || role === 'user' || role === 'assistant' ? [{ role, content }] : [],
  )
}

/** The request's, else the model file's; without either, the one in the weights counts. Ollama's are all in Go's language. */
function templateOf(asked: string | undefined, model: StoredModel): ChatTemplate | undefined {
  const source = asked || model.template
  return source ? { language: 'go', source } : undefined
}

/** The variables by which chat templates are told to think, or how much. */
function thinkArguments(think: ThinkLevel | undefined): Readonly<Record<string, unknown>> | undefined {
  if (think === undefined) return undefined
  if (typeof think === 'boolean') return { enable_thinking: think }
  return { enable_thinking: true, reasoning_effort: think }
}
