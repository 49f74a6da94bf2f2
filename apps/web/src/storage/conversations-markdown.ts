import { PLAIN_SETTINGS } from './conversations-types.js'
import type { ChatMessage, Conversation } from './conversations-types.js'
import { ImportError } from './conversations-json.js'
import type { WholeConversation } from './conversations-json.js'

/*
 * A conversation as Markdown: the branch that is shown, to be read by people and read back by us. Comments mark
 * where a message begins; a line of a message that looks like such a comment gets a backslash before it.
 */

const MARK = /^<!-- berth (user|assistant) (\S+) -->$/
const MARK_IN_TEXT = /^(\\*)(<!-- berth )/gm
const MARK_ESCAPED = /^\\(\\*<!-- berth )/gm

/** The shown branch, which begins with its oldest message. */
export function toMarkdown(conversation: Conversation, path: readonly ChatMessage[]): string {
  const parts = [`# ${conversation.title}\n`]
  if (conversation.settings.system !== '')
    parts.push(`> ${conversation.settings.system.replaceAll('\n', '\n> ')}\n`)
  for (const message of path) {
    const who = message.answer === null ? 'You' : message.answer.model.name
    const files = message.attachments.map((file) => `*${file.name}*\n\n`).join('')
    parts.push(
      `<!-- berth ${message.role} ${new Date(message.at).toISOString()} -->\n## ${who}\n\n${files}${message.text.replaceAll(MARK_IN_TEXT, String.raw`\$1$2`)}\n`,
    )
  }
  return parts.join('\n')
}

/**
 * Reads what `toMarkdown` wrote, or any Markdown whose headings of the second level are "You" (or "User", "Human")
 * and others for the answers.
 * @throws ImportError when it has no message.
 */
export function fromMarkdown(source: string, newId: () => string, now: number): WholeConversation {
  const text = source.replaceAll('\r\n', '\n')
  const lines = text.split('\n')
  const title =
    lines
      .find((line) => line.startsWith('# '))
      ?.slice(2)
      .trim() ?? 'Imported conversation'
  const turns = lines.some((line) => MARK.test(line)) ? markedTurns(lines) : headedTurns(lines)
  if (turns.length === 0)
    throw new ImportError(
      'Expected headings "## You" and "## Assistant" before the messages, found none in this Markdown',
    )
  const id = newId()
  const messages: ChatMessage[] = []
  for (const turn of turns) {
    const at = turn.at ?? now + messages.length
    messages.push({
      id: newId(),
      conversation: id,
      parent: messages.at(-1)?.id ?? null,
      role: turn.role,
      at,
      text: turn.text,
      attachments: [],
      answer:
        turn.role === 'user'
          ? null
          : {
              state: 'done',
              thinking: '',
              model: { id: '', name: turn.who, place: null },
              figures: null,
              cut: false,
              problem: null,
            },
    })
  }
  const conversation: Conversation = {
    id,
    title,
    titled: 'user',
    created: messages[0]?.at ?? now,
    updated: now,
    leaf: messages.at(-1)?.id ?? null,
    model: null,
    where: 'auto',
    settings: { ...PLAIN_SETTINGS, system: systemIn(lines) },
    deleted: null,
  }
  return { conversation, messages, files: new Map() }
}

interface Turn {
  readonly role: 'user' | 'assistant'
  readonly who: string
  readonly at: number | null
  readonly text: string
}

function markedTurns(lines: readonly string[]): Turn[] {
  const turns: Turn[] = []
  let from = -1
  const close = (end: number) => {
    const mark = MARK.exec(lines[from] ?? '')
    if (mark === null) return
    const who = (lines[from + 1] ?? '').replace(/^## /, '')
    const at = Date.parse(mark[2] ?? '')
    // A heading and an empty line come before the text, one line end and an empty line after it.
    const text = lines
      .slice(from + 3, end)
      .join('\n')
      .replace(/\n$/, '')
    turns.push({
      role: mark[1] === 'user' ? 'user' : 'assistant',
      who,
      at: Number.isNaN(at) ? null : at,
      text: text.replaceAll(MARK_ESCAPED, '$1'),
    })
  }
  for (const [index, line] of lines.entries()) {
    if (!MARK.test(line)) continue
    close(index)
    from = index
  }
  close(lines.length)
  return turns
}

function headedTurns(lines: readonly string[]): Turn[] {
  const turns: { role: Turn['role']; who: string; lines: string[] }[] = []
  let fence: string | null = null
  for (const line of lines) {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1]
    if (mark !== undefined) fence = fence === null ? mark : line.trim() === fence ? null : fence
    const who = fence === null ? /^## (.+)$/.exec(line)?.[1]?.trim() : undefined
    if (who !== undefined)
      turns.push({ role: /^(you|user|human|me)\b/i.test(who) ? 'user' : 'assistant', who, lines: [] })
    else turns.at(-1)?.lines.push(line)
  }
  return turns.map((turn) => ({
    role: turn.role,
    who: turn.who,
    at: null,
    text: turn.lines.join('\n').trim(),
  }))
}

/** The quotation between the title and the first message is the system prompt. */
function systemIn(lines: readonly string[]): string {
  const quoted: string[] = []
  for (const line of lines.slice(lines.findIndex((one) => one.startsWith('# ')) + 1)) {
    if (line.startsWith('> ') || line === '>') quoted.push(line.slice(2))
    else if (line !== '' || quoted.length > 0) break
  }
  return quoted.join('\n')
}
