import type { OllamaShowResponse } from '@berth/protocol'
import { CliError } from '../cli-error.js'
import type { Client } from '../client.js'
import { nearest } from '../../config/index.js'
import { showAll, showPart, type ShownPart } from '../commands/show.js'
import { parameterValue } from '../modelfile/parse-modelfile.js'
import type { Output } from '../output/output.js'
import { withModel } from '../suggest-model.js'
import type { Conversation, Think } from './conversation.js'

/** What the commands of a chat change beside the conversation. */
export interface ChatTools {
  readonly client: Client
  readonly out: Output
  readonly conversation: Conversation
  remembersHistory: boolean
}

export const COMMANDS = ['/set', '/show', '/load', '/save', '/clear', '/bye', '/?', '/help'] as const

export const SETTINGS = [
  'parameter',
  'system',
  'history',
  'nohistory',
  'wordwrap',
  'nowordwrap',
  'format',
  'noformat',
  'verbose',
  'quiet',
  'think',
  'nothink',
] as const

const HELP = `  /set               change something for this chat; /? set tells what
  /show              the model: /show info, license, modelfile, parameters, system, template
  /load MODEL        go on with another model
  /save MODEL        keep model, system message, parameters and conversation as a model
  /clear             forget the conversation
  /bye               leave
  /?, /help          this; /? shortcuts tells of keys

  """ begins a message of several lines, and ends it.`

const SET_HELP = `  /set parameter NAME VALUE   an option such as temperature, seed, num_ctx or stop
  /set system TEXT            the system message; """ around several lines
  /set think [LEVEL]          think first: low, medium, high or max
  /set nothink                answer at once
  /set format json            answer in JSON
  /set noformat               answer in any form
  /set verbose, /set quiet    show, or don't show, times and tokens a second
  /set wordwrap, nowordwrap   break lines between words, or as they come
  /set history, nohistory     remember, or don't remember, what is typed`

const SHORTCUTS = `  Ctrl-A, Ctrl-E   to the beginning, to the end of the line
  Ctrl-K, Ctrl-U   delete what is after, what is before the cursor
  Ctrl-W           delete the word before the cursor
  Ctrl-L           clear the screen
  Ctrl-C           stop the answer, or give up the line
  Ctrl-D           leave
  up, down         earlier lines
  Tab              complete a command`

/** Does what a line that begins with a slash says. @returns whether the chat goes on. */
export async function runChatCommand(line: string, tools: ChatTools): Promise<boolean> {
  const [, command = '', rest = ''] = /^(\S+)\s*([^]*)$/.exec(line.trim()) ?? []
  switch (command) {
    case '/bye':
    case '/exit':
      return false
    case '/?':
    case '/help':
      help(rest, tools.out)
      break
    case '/clear':
      tools.conversation.messages = []
      tools.out.line('The conversation is forgotten.')
      break
    case '/set':
      set(rest, tools)
      break
    case '/show':
      await show(rest, tools)
      break
    case '/load':
      await load(rest.trim(), tools)
      break
    case '/save':
      await save(rest.trim(), tools)
      break
    default: {
      const guess = nearest(command, COMMANDS)
      throw new CliError(
        `${command}: no such command; ${guess === undefined ? '' : `did you mean ${guess}? `}/? lists them`,
      )
    }
  }
  return true
}

function help(topic: string, out: Output): void {
  if (/^\/?set$/.test(topic)) out.line(SET_HELP)
  else out.line(topic === 'shortcuts' ? SHORTCUTS : HELP)
}

function set(rest: string, tools: ChatTools): void {
  const { conversation, out } = tools
  const [, name = '', value = ''] = /^(\S*)\s*([^]*)$/.exec(rest) ?? []
  switch (name) {
    case 'parameter':
      out.line(setParameter(conversation, value))
      return
    case 'system':
      conversation.system = value.trim() === '' ? undefined : value
      out.line(
        conversation.system === undefined ? 'The system message is the model’s own.' : 'Set system message.',
      )
      return
    case 'history':
    case 'nohistory':
      tools.remembersHistory = name === 'history'
      out.line(tools.remembersHistory ? 'What is typed is remembered.' : 'What is typed is not remembered.')
      return
    case 'wordwrap':
    case 'nowordwrap':
      conversation.wordWrap = name === 'wordwrap'
      out.line(`Set '${name}' mode.`)
      return
    case 'verbose':
    case 'quiet':
      conversation.verbose = name === 'verbose'
      out.line(`Set '${name}' mode.`)
      return
    case 'format':
      conversation.format = formatOf(value.trim() || 'json')
      out.line(`Set format to '${value.trim() || 'json'}' mode.`)
      return
    case 'noformat':
      conversation.format = undefined
      out.line('Disabled format.')
      return
    case 'think':
      conversation.think = thinkOf(value.trim() || 'true')
      out.line(`Set 'think' mode${value.trim() === '' ? '' : ` to ${value.trim()}`}.`)
      return
    case 'nothink':
      conversation.think = false
      out.line("Set 'nothink' mode.")
      return
    case '':
      out.line(SET_HELP)
      return
    default: {
      const guess = nearest(name, SETTINGS)
      throw new CliError(
        `/set ${name}: no such setting; ${guess === undefined ? '' : `did you mean ${guess}? `}/? set lists them`,
      )
    }
  }
}

function setParameter(conversation: Conversation, text: string): string {
  const [, name = '', value = ''] = /^(\S+)\s+([^]+)$/.exec(text.trim()) ?? []
  if (name === '')
    throw new CliError('expected /set parameter NAME VALUE, as in /set parameter temperature 0.2')
  conversation.options[name] = name === 'stop' ? value.trim().split(/\s+/) : parameterValue(value.trim())
  return `Set parameter '${name}' to '${value.trim()}'`
}

/** @throws CliError for what is neither `json` nor a JSON schema. */
export function formatOf(text: string): string | object {
  if (text === 'json') return text
  try {
    const schema: unknown = JSON.parse(text)
    if (typeof schema === 'object' && schema !== null) return schema
  } catch {
    // Told below.
  }
  throw new CliError(`format: expected json or a JSON schema, got ${JSON.stringify(text)}`)
}

/** @throws CliError for what says neither whether nor how hard to think. */
export function thinkOf(text: string): Think {
  switch (text) {
    case 'true':
    case 'false':
      return text === 'true'
    case 'low':
    case 'medium':
    case 'high':
    case 'max':
      return text
    default:
      throw new CliError(`think: expected true, false, low, medium, high or max, got ${JSON.stringify(text)}`)
  }
}

const PARTS: readonly ShownPart[] = ['license', 'modelfile', 'parameters', 'system', 'template']

async function show(what: string, { client, out, conversation }: ChatTools): Promise<void> {
  const { model, system, options } = conversation
  const shown = await client.json<OllamaShowResponse>('POST', '/api/show', { model })
  const part = PARTS.find((name) => name === what)
  if (part === undefined) {
    if (what !== '' && what !== 'info') {
      throw new CliError(`/show ${what}: expected info, ${PARTS.join(', ')}`)
    }
    return showAll(out, shown, false)
  }
  if (part === 'parameters' && Object.keys(options).length > 0) {
    out.line('Set in this chat:')
    for (const [name, value] of Object.entries(options))
      out.line(`  ${name.padEnd(28)} ${JSON.stringify(value)}`)
    out.line()
    out.line('Of the model:')
  }
  if (part === 'system' && system !== undefined) out.line(system)
  else showPart(out, shown, part)
}

async function load(model: string, { client, out, conversation }: ChatTools): Promise<void> {
  if (model === '') throw new CliError('expected /load MODEL')
  await withModel(client, model, () => client.json('POST', '/api/show', { model }))
  Object.assign(conversation, { model, messages: [] })
  out.line(`Talking to ${model}.`)
}

async function save(name: string, { client, out, conversation }: ChatTools): Promise<void> {
  if (name === '') throw new CliError('expected /save MODEL')
  const { model, system, options, messages } = conversation
  await client.json('POST', '/api/create', {
    model: name,
    from: model,
    stream: false,
    ...(system === undefined ? {} : { system }),
    ...(Object.keys(options).length === 0 ? {} : { parameters: options }),
    ...(messages.length === 0 ? {} : { messages: messages.map(({ role, content }) => ({ role, content })) }),
  })
  out.line(`Created new model '${name}'`)
}
