import type { OpenAiResponseItem, OpenAiResponseRequest } from '@berth/protocol'
import type { Message, ToolCall } from '@berth/scheduler'
import { RequestError, imageBytes } from '../generate/index.js'
import { argumentsOf } from './openai-controls.js'

type Content = Extract<OpenAiResponseItem, { type: 'message' }>['content']

/**
 * A list of items as messages. What an assistant thought, said and called are items of their own there, and
 * one message here.
 */
export function conversationOf({ instructions, input }: OpenAiResponseRequest): readonly Message[] {
  const messages: Message[] = instructions ? [{ role: 'system', content: instructions }] : []
  let turn: { content: string; thinking: string; toolCalls: ToolCall[] } | null = null
  const assistant = () => (turn ??= { content: '', thinking: '', toolCalls: [] })
  const close = (): void => {
    if (turn === null) return
    const { content, thinking, toolCalls } = turn
    messages.push({
      role: 'assistant',
      content,
      ...(thinking === '' ? {} : { thinking }),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
    })
    turn = null
  }
  for (const [index, item] of input.entries()) {
    const field = `input[${index}]`
    switch (item.type) {
      case 'reasoning':
        assistant().thinking += [...(item.content ?? item.summary ?? [])].map(({ text }) => text).join('\n')
        break
      case 'function_call': {
        const { call_id: id, name } = item
        assistant().toolCalls.push({ id, name, arguments: argumentsOf(item.arguments, `${field}.arguments`) })
        break
      }
      case 'function_call_output':
        close()
        messages.push({
          role: 'tool',
          toolCallId: item.call_id,
          ...contentOf(item.output, `${field}.output`),
        })
        break
      case 'message':
        if (item.role === 'assistant') {
          // One that has called tools has said what it had to say: this is the next turn.
          if (assistant().toolCalls.length > 0) close()
          assistant().content += contentOf(item.content, `${field}.content`).content
          break
        }
        close()
        messages.push({
          role: item.role === 'developer' ? 'system' : item.role,
          ...contentOf(item.content, `${field}.content`),
        })
    }
  }
  close()
  return messages
}

function contentOf(content: Content, field: string): Pick<Message, 'content' | 'images'> {
  if (typeof content === 'string') return { content }
  const texts: string[] = []
  const images: Uint8Array[] = []
  for (const [at, part] of content.entries()) {
    if (part.type === 'input_image') images.push(imageOf(part.image_url, `${field}[${at}].image_url`))
    else texts.push(part.type === 'refusal' ? part.refusal : part.text)
  }
  return { content: texts.join('\n'), ...(images.length === 0 ? {} : { images }) }
}

function imageOf(url: string | undefined, field: string): Uint8Array {
  if (url !== undefined && !/^https?:/i.test(url)) return imageBytes(url, field)
  throw new RequestError(
    'bad-request',
    `${field}: expected a data: URL; images are not fetched from elsewhere`,
    field,
  )
}
