import type { Message, Tool } from '@berth/scheduler'
import { executeGoTemplate } from './execute.js'
import type { Today } from './functions.js'
import type { GoNode, GoTemplate, Nodes, Operand, Pipe } from './nodes.js'
import { GoStruct } from './values.js'

/** What a template of Ollama's is filled with. */
export interface GoChat {
  readonly messages: readonly Message[]
  readonly tools: readonly Tool[]
  /** Absent: not said. */
  readonly think?: boolean | string
  /** Text that the answer leads to, for a template that has a place for it. */
  readonly suffix?: string
}

/**
 * Renders a chat by a template of Ollama's, up to where the model is to go on. A template that knows messages
 * gets all of them; an older one, which knows a prompt and a response, is filled once for every turn.
 */
export function renderGoChat(template: GoTemplate, chat: GoChat, today: Today): string {
  const { messages, system } = collated(chat.messages)
  const thinking = {
    Think: chat.think !== undefined && chat.think !== false,
    ThinkLevel: typeof chat.think === 'string' ? chat.think : '',
    IsThinkSet: chat.think !== undefined,
  }
  if (chat.suffix !== undefined) {
    const Prompt = messages.at(-1)?.content ?? ''
    return executeGoTemplate(
      template,
      { Prompt, Suffix: chat.suffix, System: system, Response: '', ...thinking },
      today,
    )
  }
  if (fieldsIn(template).has('Messages')) {
    const data = {
      System: system,
      Messages: messages.map(asMessage),
      Tools: chat.tools.map(asTool),
      Response: '',
      ...thinking,
    }
    return executeGoTemplate(template, data, today)
  }
  return byTurns(template, messages, thinking, today)
}

function byTurns(template: GoTemplate, messages: readonly Message[], thinking: object, today: Today): string {
  // A template that has no place for the answer has it at its end.
  const whole = fieldsIn(template).has('Response')
    ? template
    : { ...template, root: [...template.root, RESPONSE] }
  let text = ''
  let turn = { System: '', Prompt: '', Response: '' }
  const fill = (): void => {
    text += executeGoTemplate(whole, { ...turn, ...thinking }, today)
    turn = { System: '', Prompt: '', Response: '' }
  }
  for (const { role, content } of messages) {
    if (role === 'system') {
      if (turn.Prompt !== '' || turn.Response !== '') fill()
      turn.System = content
    } else if (role === 'assistant') {
      turn.Response = content
    } else {
      if (turn.Response !== '') fill()
      turn.Prompt = content
    }
  }
  const { root } = whole
  return (
    text + executeGoTemplate({ ...whole, root: upToResponse(root).nodes }, { ...turn, ...thinking }, today)
  )
}

const RESPONSE: GoNode = {
  type: 'action',
  pipe: {
    variables: [],
    assigns: false,
    commands: [[{ type: 'fields', of: { type: 'dot' }, path: ['Response'] }]],
  },
}

/** What comes before the answer: the rest of a template is for turns that are over. */
function upToResponse(nodes: Nodes): { nodes: Nodes; cut: boolean } {
  const kept: GoNode[] = []
  for (const node of nodes) {
    if (node.type === 'if' || node.type === 'with' || node.type === 'range') {
      const body = upToResponse(node.body)
      const otherwise = body.cut ? { nodes: [], cut: true } : upToResponse(node.otherwise)
      kept.push({ ...node, body: body.nodes, otherwise: otherwise.nodes })
      if (otherwise.cut) return { nodes: kept, cut: true }
      continue
    }
    kept.push(node)
    if (node.type === 'action' && names(node.pipe).includes('Response')) return { nodes: kept, cut: true }
  }
  return { nodes: kept, cut: false }
}

/** Neighbours of one role are one message, as Ollama has it; the system's texts are had all together too. */
function collated(messages: readonly Message[]): { messages: readonly Message[]; system: string } {
  const all: Message[] = []
  for (const message of messages) {
    const last = all.at(-1)
    if (last?.role !== message.role || message.role === 'tool') all.push(message)
    else all[all.length - 1] = { ...last, content: `${last.content}\n\n${message.content}` }
  }
  const system = messages.flatMap(({ role, content }) => (role === 'system' ? [content] : []))
  return { messages: all, system: system.join('\n\n') }
}

function asMessage(message: Message): object {
  return {
    Role: message.role,
    Content: message.content,
    Thinking: message.thinking ?? '',
    ToolName: message.toolName ?? '',
    ToolCallID: message.toolCallId ?? '',
    ToolCalls: (message.toolCalls ?? []).map(({ id, name, arguments: args }, Index) => {
      const Arguments = new GoStruct(args, args)
      const call = { name, arguments: args }
      return new GoStruct(
        { ID: id, Function: new GoStruct({ Index, Name: name, Arguments }, call) },
        { function: call },
      )
    }),
  }
}

function asTool({ name, description = '', parameters }: Tool): GoStruct {
  const { type = 'object', properties = {}, required = [] } = parameters
  const Parameters = new GoStruct(
    { Type: type, Properties: propertiesOf(properties), Required: required },
    parameters,
  )
  const inner = { name, description, parameters: { ...parameters, type, required, properties } }
  const Function = new GoStruct({ Name: name, Description: description, Parameters }, inner)
  return new GoStruct({ Type: 'function', Function }, { type: 'function', function: inner })
}

/** A property is read both by Go's names and as it stands, where a function takes it for a schema. */
function propertiesOf(properties: unknown): Readonly<Record<string, unknown>> {
  if (typeof properties !== 'object' || properties === null) return {}
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]: [string, unknown]) => {
      const schema = typeof value === 'object' && value !== null ? value : {}
      const upper = Object.entries(schema).map(([key, item]: [string, unknown]) => [
        key.charAt(0).toUpperCase() + key.slice(1),
        item,
      ])
      return [name, new GoStruct({ ...schema, ...Object.fromEntries(upper) }, schema)]
    }),
  )
}

/** The names of all fields that a template reads of its data, or of anything else. */
function fieldsIn(template: GoTemplate): ReadonlySet<string> {
  const found = new Set<string>()
  const walk = (nodes: Nodes): void => {
    for (const node of nodes) {
      if ('pipe' in node && node.pipe !== null) for (const name of names(node.pipe)) found.add(name)
      if ('body' in node) {
        walk(node.body)
        walk(node.otherwise)
      }
    }
  }
  walk(template.root)
  for (const nodes of template.defined.values()) walk(nodes)
  return found
}

function names(pipe: Pipe): readonly string[] {
  const of = (operand: Operand): readonly string[] => {
    if (operand.type === 'pipe') return names(operand.pipe)
    return operand.type === 'fields' ? [...operand.path, ...of(operand.of)] : []
  }
  return pipe.commands.flatMap((command) => command.flatMap(of))
}
