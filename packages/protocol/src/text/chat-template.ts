import { answerFormat, PLAIN_ANSWER, type AnswerFormat } from './answer-format.js'
import { BackendError, type Message, type Prompt, type Tool } from '@berth/scheduler'
import { Template } from '@huggingface/jinja'
import { GoTemplateError } from './go-template/nodes.js'
import { parseGoTemplate } from './go-template/parse.js'
import { renderGoChat } from './go-template/render-chat.js'

/** What a model's file says of its chats. */
export interface ChatFormat {
  /** Jinja; null where the file has none. */
  readonly template: string | null
  readonly bos: string
  readonly eos: string
  /** Whether the vocabulary has ChatML's markers as tokens. */
  readonly knowsChatMl: boolean
}

/** A prompt of messages. */
export type ChatPrompt = Extract<Prompt, { kind: 'messages' }>

/** A chat as the model wants to read it. `stop`: what must end the answer because no token of the model does. */
export interface RenderedChat {
  readonly text: string
  readonly stop: readonly string[]
  /** How the answer is to be read. */
  readonly answer: AnswerFormat
}

/**
 * Renders messages by the job's template, else by the model's own. A model without one gets ChatML if its
 * vocabulary has ChatML's markers, else a plain transcript ("User: …", "Assistant: …").
 * @throws BackendError `bad-job` when the template fails, `unsupported` for what this engine cannot do.
 */
export function renderChat(
  prompt: ChatPrompt,
  messages: readonly Message[],
  format: ChatFormat,
): RenderedChat {
  if (messages.some(({ images }) => images !== undefined && images.length > 0)) {
    throw new BackendError('unsupported', 'This engine does not read images')
  }
  const source = prompt.template?.source ?? format.template ?? (format.knowsChatMl ? CHATML : null)
  if (source === null) return { text: transcript(messages), stop: ['\nUser:'], answer: PLAIN_ANSWER }
  const text =
    prompt.template?.language === 'go'
      ? renderGo(source, prompt, messages)
      : renderJinja(source, prompt, messages, format)
  const asksForTools = prompt.tools !== undefined && prompt.tools.length > 0
  return { text, stop: [], answer: answerFormat(source, text, asksForTools) }
}

const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

function transcript(messages: readonly Message[]): string {
  const names = { system: '', user: 'User: ', assistant: 'Assistant: ', tool: 'Tool: ' } as const
  return [...messages.map(({ role, content }) => names[role] + content), 'Assistant:'].join('\n\n')
}

function renderJinja(
  source: string,
  prompt: ChatPrompt,
  messages: readonly Message[],
  format: ChatFormat,
): string {
  const render = (these: readonly Message[]): string =>
    parsedJinja(source).render({
      ...prompt.templateArguments,
      messages: these.map(asTemplateMessage),
      ...(prompt.tools !== undefined && prompt.tools.length > 0
        ? { tools: prompt.tools.map(asTemplateTool) }
        : {}),
      add_generation_prompt: true,
      bos_token: format.bos,
      eos_token: format.eos,
    })
  try {
    return render(messages)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    // Some models know no system prompt and say so; they read it before the first question instead.
    const merged = /system/i.test(why) ? withoutSystem(messages) : null
    if (merged !== null) {
      try {
        return render(merged)
      } catch {
        // The first error says more.
      }
    }
    throw new BackendError('bad-job', `The chat template failed: ${why}`, { cause: error })
  }
}

/** Who renders serves one model or a few: their templates, and now and then one that a job brings. */
const MOST_PARSED = 8

/** Keeps what was parsed, by its source. */
function parsedOnce<Parsed>(parse: (source: string) => Parsed): (source: string) => Parsed {
  const kept = new Map<string, Parsed>()
  return (source) => {
    const known = kept.get(source)
    if (known !== undefined) return known
    const parsed = parse(source)
    const oldest = kept.keys().next().value
    if (kept.size >= MOST_PARSED && oldest !== undefined) kept.delete(oldest)
    kept.set(source, parsed)
    return parsed
  }
}

const parsedJinja = parsedOnce((source) => new Template(source))
const parsedGo = parsedOnce(parseGoTemplate)

/** By a template of Ollama's. */
function renderGo(source: string, prompt: ChatPrompt, messages: readonly Message[]): string {
  const { enable_thinking: thinks, reasoning_effort: effort } = prompt.templateArguments ?? {}
  const think = typeof effort === 'string' ? effort : typeof thinks === 'boolean' ? thinks : undefined
  const chat = { messages, tools: prompt.tools ?? [], ...(think === undefined ? {} : { think }) }
  try {
    return renderGoChat(parsedGo(source), chat, { now: Date.now() })
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error
    throw new BackendError('bad-job', `The chat template failed: ${error.message}`, { cause: error })
  }
}

/** The names are those that templates of Hugging Face's models expect. */
function asTemplateMessage(message: Message): Record<string, unknown> {
  return {
    role: message.role,
    content: message.content,
    ...(message.thinking === undefined
      ? {}
      : { reasoning_content: message.thinking, thinking: message.thinking }),
    ...(message.toolCalls === undefined || message.toolCalls.length === 0
      ? {}
      : {
          tool_calls: message.toolCalls.map((call) => ({
            id: call.id,
            type: 'function',
            function: { name: call.name, arguments: call.arguments },
          })),
        }),
    ...(message.toolCallId === undefined ? {} : { tool_call_id: message.toolCallId }),
    ...(message.toolName === undefined ? {} : { name: message.toolName }),
  }
}

function asTemplateTool({ name, description, parameters }: Tool): Record<string, unknown> {
  return { type: 'function', function: { name, description: description ?? '', parameters } }
}

function withoutSystem(messages: readonly Message[]): Message[] | null {
  const system = messages.filter(({ role }) => role === 'system')
  const rest = messages.filter(({ role }) => role !== 'system')
  const first = rest[0]
  if (system.length === 0 || first?.role !== 'user') return null
  const content = [...system, first].map((message) => message.content).join('\n\n')
  return [{ ...first, content }, ...rest.slice(1)]
}
