import type { GenerateJob, LoadWish, Message, Sampling } from '@berth/scheduler'
import type { AttachmentContent, ChatMessage, ConversationSettings } from '../../storage/index.js'

/** What is asked of a model to go on with an answer that broke off: engines do not take up an open turn themselves. */
export const GO_ON = 'Continue your last answer exactly where it stopped. Do not repeat any of it.'

/**
 * A branch as a job. An answer without a text is left out, and the questions around it are put together, since
 * chat templates want turns to alternate.
 * @param files contents of attachments by id; one that is missing is left out.
 * @param goOn whether the last message is an answer to go on with.
 */
export function makeJob(
  path: readonly ChatMessage[],
  files: ReadonlyMap<string, AttachmentContent>,
  settings: ConversationSettings,
  goOn: boolean,
): GenerateJob {
  const messages: Message[] = []
  const system = settings.system.trim()
  if (system !== '') messages.push({ role: 'system', content: system })
  for (const message of path) {
    const turn = turnOf(message, files)
    const last = messages.at(-1)
    if (turn === null) continue
    if (last?.role === 'user' && turn.role === 'user') messages[messages.length - 1] = joined(last, turn)
    else messages.push(turn)
  }
  if (goOn) messages.push({ role: 'user', content: GO_ON })
  return {
    kind: 'generate',
    prompt: { kind: 'messages', messages },
    sampling: samplingOf(settings),
    ...(settings.maxTokens === null ? {} : { maxTokens: settings.maxTokens }),
    stop: [],
    // An answer that fills the context ends there and can be gone on with; forgetting its beginning would not be seen.
    overflow: { prompt: 'truncate', answer: 'stop' },
  }
}

export function wishOf(settings: ConversationSettings): LoadWish | undefined {
  return settings.contextLength === null ? undefined : { contextLength: settings.contextLength }
}

/** A text file as a model reads it: its name, and its content in a fence that nothing in it closes. */
export function fileText(name: string, content: string): string {
  let fence = '```'
  while (content.includes(fence)) fence += '`'
  return `File ${name}:\n${fence}\n${content}${content.endsWith('\n') ? '' : '\n'}${fence}`
}

function turnOf(message: ChatMessage, files: ReadonlyMap<string, AttachmentContent>): Message | null {
  if (message.role === 'assistant')
    return message.text === '' ? null : { role: 'assistant', content: message.text }
  const texts: string[] = []
  const images: Uint8Array[] = []
  for (const { id, name } of message.attachments) {
    const content = files.get(id)
    if (typeof content === 'string') texts.push(fileText(name, content))
    else if (content !== undefined) images.push(content)
  }
  const content = [...texts, message.text].filter((part) => part !== '').join('\n\n')
  return { role: 'user', content, ...(images.length > 0 ? { images } : {}) }
}

function joined(a: Message, b: Message): Message {
  const images = [...(a.images ?? []), ...(b.images ?? [])]
  return {
    role: 'user',
    content: [a.content, b.content].filter((part) => part !== '').join('\n\n'),
    ...(images.length > 0 ? { images } : {}),
  }
}

function samplingOf({ temperature, topP, topK, minP, repeatPenalty, seed }: ConversationSettings): Sampling {
  return {
    ...(temperature === null ? {} : { temperature }),
    ...(topP === null ? {} : { topP }),
    ...(topK === null ? {} : { topK }),
    ...(minP === null ? {} : { minP }),
    ...(repeatPenalty === null ? {} : { repeatPenalty }),
    ...(seed === null ? {} : { seed }),
  }
}
