import { PLAIN_SETTINGS } from './conversations-types.js'
import type { Attachment, ChatMessage, Conversation, ConversationSettings } from './conversations-types.js'
import type { AttachmentContent } from './conversations.js'

/** One conversation with all that belongs to it. Contents of attachments by their ids. */
export interface WholeConversation {
  readonly conversation: Conversation
  readonly messages: readonly ChatMessage[]
  readonly files: ReadonlyMap<string, AttachmentContent>
}

/** What cannot be read as conversations. The message names the place and says what would be right. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
}

const FORMAT = 'berth-conversations'
const VERSION = 1

/** All of some conversations, every branch and file, as JSON. */
export function toJson(conversations: readonly WholeConversation[]): string {
  return JSON.stringify(
    {
      format: FORMAT,
      version: VERSION,
      conversations: conversations.map(({ conversation, messages, files }) => ({
        ...conversation,
        messages: messages.map((message) => ({ ...message, conversation: undefined })),
        files: [...files].map(([id, content]) =>
          typeof content === 'string' ? { id, text: content } : { id, base64: toBase64(content) },
        ),
      })),
    },
    null,
    1,
  )
}

/**
 * Reads what `toJson` wrote. Everything gets a new id, so that an import never replaces what is there.
 * @throws ImportError when it is something else.
 */
export function fromJson(text: string, newId: () => string): WholeConversation[] {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw new ImportError(`The file is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const root = record(data, 'the file')
  if (root['format'] !== FORMAT)
    throw new ImportError(
      `Expected "format" to be "${FORMAT}", got ${JSON.stringify(root['format'])}: this file was not exported by Berth`,
    )
  if (root['version'] !== VERSION)
    throw new ImportError(`Expected "version" to be ${VERSION}, got ${JSON.stringify(root['version'])}`)
  return list(root['conversations'], 'conversations').map((one, index) =>
    conversationFrom(one, `conversations[${index}]`, newId),
  )
}

function conversationFrom(data: unknown, where: string, newId: () => string): WholeConversation {
  const raw = record(data, where)
  const id = newId()
  const ids = new Map<string, string>()
  const fresh = (old: string) => {
    const known = ids.get(old)
    if (known !== undefined) return known
    const made = newId()
    ids.set(old, made)
    return made
  }
  const rawMessages = list(raw['messages'], `${where}.messages`).map((one, index) =>
    record(one, `${where}.messages[${index}]`),
  )
  const known = new Set(rawMessages.map((one, index) => string(one['id'], `${where}.messages[${index}].id`)))
  const messages = rawMessages.map((one, index): ChatMessage => {
    const at = `${where}.messages[${index}]`
    const parent = one['parent'] === null ? null : string(one['parent'], `${at}.parent`)
    if (parent !== null && !known.has(parent))
      throw new ImportError(`Expected ${at}.parent to be a message of the conversation, got "${parent}"`)
    const role = one['role']
    if (role !== 'user' && role !== 'assistant')
      throw new ImportError(`Expected ${at}.role to be "user" or "assistant", got ${JSON.stringify(role)}`)
    return {
      id: fresh(string(one['id'], `${at}.id`)),
      conversation: id,
      parent: parent === null ? null : fresh(parent),
      role,
      at: number(one['at'], `${at}.at`),
      text: string(one['text'], `${at}.text`),
      attachments: list(one['attachments'] ?? [], `${at}.attachments`).map((file, n) =>
        attachmentFrom(file, `${at}.attachments[${n}]`, fresh),
      ),
      answer: role === 'assistant' ? answerFrom(one['answer'], `${at}.answer`) : null,
    }
  })
  const files = new Map(
    list(raw['files'] ?? [], `${where}.files`).map((one, index): [string, AttachmentContent] => {
      const file = record(one, `${where}.files[${index}]`)
      const content =
        typeof file['text'] === 'string'
          ? file['text']
          : fromBase64(string(file['base64'], `${where}.files[${index}].base64`))
      return [fresh(string(file['id'], `${where}.files[${index}].id`)), content]
    }),
  )
  const leaf = raw['leaf']
  return {
    conversation: {
      id,
      title: string(raw['title'], `${where}.title`),
      titled: raw['titled'] === 'user' ? 'user' : 'auto',
      created: number(raw['created'], `${where}.created`),
      updated: number(raw['updated'], `${where}.updated`),
      leaf: typeof leaf === 'string' && known.has(leaf) ? fresh(leaf) : null,
      model: typeof raw['model'] === 'string' ? raw['model'] : null,
      where: raw['where'] === 'browser' || raw['where'] === 'server' ? raw['where'] : 'auto',
      settings: settingsFrom(raw['settings'], `${where}.settings`),
      deleted: null,
    },
    messages,
    files,
  }
}

/** Reads settings from a file; what is missing is the default. */
function settingsFrom(data: unknown, where: string): ConversationSettings {
  const raw = record(data ?? {}, where)
  const orNull = (key: string) => (raw[key] == null ? null : number(raw[key], `${where}.${key}`))
  return {
    system: raw['system'] === undefined ? PLAIN_SETTINGS.system : string(raw['system'], `${where}.system`),
    temperature: orNull('temperature'),
    topP: orNull('topP'),
    topK: orNull('topK'),
    minP: orNull('minP'),
    repeatPenalty: orNull('repeatPenalty'),
    seed: orNull('seed'),
    maxTokens: orNull('maxTokens'),
    contextLength: orNull('contextLength'),
  }
}

function answerFrom(data: unknown, where: string): ChatMessage['answer'] {
  const raw = record(data, where)
  const model = record(raw['model'], `${where}.model`)
  const state = raw['state']
  const figures = raw['figures']
  const problem = raw['problem']
  return {
    state: state === 'done' || state === 'stopped' || state === 'failed' ? state : 'interrupted',
    thinking: string(raw['thinking'] ?? '', `${where}.thinking`),
    model: {
      id: string(model['id'], `${where}.model.id`),
      name: string(model['name'], `${where}.model.name`),
      place: model['place'] === 'browser' || model['place'] === 'server' ? model['place'] : null,
    },
    figures: isRecord(figures) ? figuresFrom(figures, `${where}.figures`) : null,
    cut: raw['cut'] === true,
    problem: isRecord(problem) ? problemFrom(problem, `${where}.problem`) : null,
  }
}

function figuresFrom(
  raw: Record<string, unknown>,
  where: string,
): NonNullable<NonNullable<ChatMessage['answer']>['figures']> {
  const orNull = (key: string) => (raw[key] === null ? null : number(raw[key], `${where}.${key}`))
  return {
    promptTokens: number(raw['promptTokens'], `${where}.promptTokens`),
    cachedTokens: number(raw['cachedTokens'], `${where}.cachedTokens`),
    tokens: number(raw['tokens'], `${where}.tokens`),
    firstMs: orNull('firstMs'),
    waitedMs: number(raw['waitedMs'], `${where}.waitedMs`),
    tokensPerSecond: orNull('tokensPerSecond'),
    estimated: raw['estimated'] === true,
  }
}

function problemFrom(
  raw: Record<string, unknown>,
  where: string,
): NonNullable<NonNullable<ChatMessage['answer']>['problem']> {
  const from = raw['from']
  return {
    from: from === 'scheduler' || from === 'backend' ? from : 'host',
    code: string(raw['code'], `${where}.code`),
    message: string(raw['message'], `${where}.message`),
    retryAfterMs: typeof raw['retryAfterMs'] === 'number' ? raw['retryAfterMs'] : null,
  }
}

function attachmentFrom(data: unknown, where: string, fresh: (old: string) => string): Attachment {
  const raw = record(data, where)
  return {
    id: fresh(string(raw['id'], `${where}.id`)),
    name: string(raw['name'], `${where}.name`),
    type: string(raw['type'], `${where}.type`),
    bytes: number(raw['bytes'], `${where}.bytes`),
    kind: raw['kind'] === 'image' ? 'image' : 'text',
  }
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}

function record(data: unknown, where: string): Record<string, unknown> {
  if (isRecord(data)) return data
  throw new ImportError(`Expected ${where} to be an object, got ${kind(data)}`)
}

function list(data: unknown, where: string): readonly unknown[] {
  if (Array.isArray(data)) return data
  throw new ImportError(`Expected ${where} to be a list, got ${kind(data)}`)
}

function string(data: unknown, where: string): string {
  if (typeof data === 'string') return data
  throw new ImportError(`Expected ${where} to be text, got ${kind(data)}`)
}

function number(data: unknown, where: string): number {
  if (typeof data === 'number' && Number.isFinite(data)) return data
  throw new ImportError(`Expected ${where} to be a number, got ${kind(data)}`)
}

function kind(data: unknown): string {
  if (data === undefined) return 'nothing'
  const text = JSON.stringify(data)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function toBase64(bytes: Uint8Array): string {
  let binary = ''
  // In parts: one call takes no more arguments than the stack holds.
  for (let at = 0; at < bytes.length; at += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(binary)
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    throw new ImportError('A file in it is not valid Base64')
  }
}
