import type { Conversation } from '../storage/index.js'
import { fromJson, fromMarkdown, toJson, toMarkdown } from '../storage/index.js'
import type { Chats } from './chats.js'
import { firstCharacters } from './title.js'

/** Conversations as a file to keep: JSON with all branches and files. */
export async function exportJson(chats: Chats, conversations: readonly Conversation[]): Promise<void> {
  const one = conversations.length === 1 ? conversations[0] : undefined
  const name =
    one === undefined ? `berth-conversations-${new Date().toISOString().slice(0, 10)}` : fileName(one.title)
  save(`${name}.json`, 'application/json', toJson(await chats.whole(conversations)))
}

/** The shown branch of a conversation as Markdown. */
export async function exportMarkdown(chats: Chats, conversation: Conversation): Promise<void> {
  const chat = chats.chat(conversation.id)
  if (chat.state.peek() === 'loading') await chat.load()
  save(`${fileName(conversation.title)}.md`, 'text/markdown', toMarkdown(conversation, chat.messagesOnPath()))
}

/** Takes conversations in from exported files. Rejects with an Error that names the file which is none. */
export async function importFiles(chats: Chats, files: Iterable<File>): Promise<number> {
  let count = 0
  for (const file of files) {
    try {
      const text = await file.text()
      const isJson = file.name.toLowerCase().endsWith('.json') || text.trimStart().startsWith('{')
      const conversations = isJson ? fromJson(text, newId) : [fromMarkdown(text, newId, Date.now())]
      await chats.import(conversations)
      count += conversations.length
    } catch (error) {
      throw new Error(`${file.name}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }
  return count
}

const newId = () => crypto.randomUUID()

/** A title as a file's name, on any system. */
export function fileName(title: string): string {
  const name = title
    .replaceAll(/[\p{C}<>:"/\\|?*]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .replace(/[. ]+$/, '')
    .trim()
  return firstCharacters(name, 80) || 'conversation'
}

function save(name: string, type: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The download has taken the content over by the next task at the latest.
  setTimeout(() => URL.revokeObjectURL(address))
}
