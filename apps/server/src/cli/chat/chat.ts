import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { answer, type Conversation } from './conversation.js'
import { AnswerPrinter, metricLines } from './answer-printer.js'
import { COMMANDS, runChatCommand, SETTINGS, type ChatTools } from './chat-commands.js'
import { HistoryFile } from './history-file.js'
import { LineReader } from './line-reader.js'

const BLOCK = '"""'

/** A chat at the terminal, until the user leaves. */
export async function chat(context: CommandContext, conversation: Conversation): Promise<void> {
  const { client, out, around } = context
  const file = new HistoryFile(around.home)
  const tools: ChatTools = { client, out, conversation, remembersHistory: !around.env['OLLAMA_NOHISTORY'] }
  const reader = new LineReader({
    stdin: around.stdin,
    stdout: around.stdout,
    history: tools.remembersHistory ? file.read() : [],
    complete: completions,
    remembers: () => tools.remembersHistory,
    onHistory: (lines) => file.write(lines),
  })
  try {
    for (;;) {
      const message = await nextMessage(reader, out.line.bind(out))
      if (message === undefined) {
        // Ctrl-D leaves the cursor behind the prompt.
        out.line()
        return
      }
      if (message.trim() === '') continue
      try {
        if (message.startsWith('/')) {
          if (!(await runChatCommand(message, tools))) return
        } else await exchange(context, conversation, message, reader)
      } catch (error) {
        if (!(error instanceof CliError)) throw error
        out.note(`Error: ${error.message}`)
      }
    }
  } finally {
    reader.close()
  }
}

/** One message and its answer. What was said before Ctrl-C stays part of the conversation. */
async function exchange(
  { client, out }: CommandContext,
  conversation: Conversation,
  text: string,
  reader: LineReader,
): Promise<void> {
  const stop = new AbortController()
  reader.onInterrupt = () => stop.abort()
  const before = conversation.messages
  conversation.messages = [...before, { role: 'user', content: text }]
  const printer = new AnswerPrinter(out, conversation)
  let said = ''
  try {
    const { message, metrics } = await answer(
      client,
      conversation,
      (part) => {
        said += part.text ?? ''
        printer.part(part)
      },
      stop.signal,
    )
    printer.end()
    conversation.messages.push(message)
    if (conversation.verbose) for (const line of metricLines(metrics)) out.note(line)
  } catch (error) {
    printer.end()
    if (stop.signal.aborted) conversation.messages.push({ role: 'assistant', content: said })
    else {
      // The question can be asked again without standing there twice.
      conversation.messages = before
      throw error
    }
  } finally {
    reader.onInterrupt = () => undefined
  }
}

/** A line, or several between `"""`; undefined when the user leaves. */
async function nextMessage(reader: LineReader, say: (text: string) => void): Promise<string | undefined> {
  for (;;) {
    const typed = await reader.next('>>> ')
    if (typed.kind === 'end') return undefined
    if (typed.kind === 'interrupt') {
      say('Ctrl-D or /bye leaves.')
      continue
    }
    const [, lead = '', begun] = /^((?:\/set\s+system\s+)?)"""([^]*)$/.exec(typed.text) ?? []
    if (begun === undefined) return typed.text
    const block = await restOfBlock(begun, reader)
    if (block !== undefined) return lead + block
  }
}

/** Undefined where it was given up. */
async function restOfBlock(begun: string, reader: LineReader): Promise<string | undefined> {
  let text = begun
  while (!text.includes(BLOCK)) {
    const typed = await reader.next('... ')
    if (typed.kind !== 'line') return undefined
    text += `${text === '' ? '' : '\n'}${typed.text}`
  }
  return text.slice(0, text.indexOf(BLOCK)).trimEnd()
}

function completions(line: string): readonly string[] {
  const candidates = line.startsWith('/set ') ? SETTINGS.map((name) => `/set ${name}`) : COMMANDS
  return line.startsWith('/') ? candidates.filter((candidate) => candidate.startsWith(line)) : []
}
