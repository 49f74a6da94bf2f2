import type { AnthropicBlock, AnthropicCountRequest } from '@berth/protocol'
import type { Message } from '@berth/scheduler'
import { RequestError, imageBytes } from '../generate/index.js'

type Block<Type extends AnthropicBlock['type']> = Extract<AnthropicBlock, { type: Type }>

/** Anthropic's messages in the scheduler's terms: a tool's result is a message of its own there, not a block of the user's. */
export function conversationOf({ system, messages }: AnthropicCountRequest): readonly Message[] {
  const first = typeof system === 'string' ? system : system?.map(({ text }) => text).join('\n')
  return [
    ...(first ? [{ role: 'system', content: first } as const] : []),
    ...messages.flatMap(({ role, content }, index) => {
      const blocks: readonly AnthropicBlock[] =
        typeof content === 'string' ? [{ type: 'text', text: content }] : content
      return turn(role, blocks, `messages[${index}].content`)
    }),
  ]
}

function turn(
  role: 'user' | 'assistant' | 'system',
  blocks: readonly AnthropicBlock[],
  field: string,
): Message[] {
  const results = blocks.flatMap((block, at): Message[] =>
    block.type === 'tool_result' ? [resultOf(block, `${field}[${at}]`)] : [],
  )
  const calls = blocks.flatMap((block) =>
    block.type === 'tool_use' ? [{ id: block.id, name: block.name, arguments: block.input ?? {} }] : [],
  )
  const thinking = blocks.flatMap((block) => (block.type === 'thinking' ? [block.thinking] : [])).join('\n')
  const { content, images } = contentOf(blocks, field)
  const isEmpty = content === '' && images.length === 0 && calls.length === 0 && thinking === ''
  if (isEmpty && results.length > 0) return results
  return [
    ...results,
    {
      role,
      content,
      ...(thinking === '' ? {} : { thinking }),
      ...(images.length === 0 ? {} : { images }),
      ...(calls.length === 0 ? {} : { toolCalls: calls }),
    },
  ]
}

function resultOf(block: Block<'tool_result'>, field: string): Message {
  const inner =
    typeof block.content === 'string' ? [{ type: 'text', text: block.content } as const] : block.content
  const { content, images } = contentOf(inner ?? [], `${field}.content`)
  return {
    role: 'tool',
    content: block.is_error ? `Error: ${content}` : content,
    toolCallId: block.tool_use_id,
    ...(images.length === 0 ? {} : { images }),
  }
}

function contentOf(blocks: readonly AnthropicBlock[], field: string) {
  return {
    content: blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n'),
    images: blocks.flatMap((block, at) =>
      block.type === 'image' ? [imageOf(block, `${field}[${at}].source`)] : [],
    ),
  }
}

function imageOf({ source }: Block<'image'>, field: string): Uint8Array {
  if (source.type === 'base64') return imageBytes(source.data, `${field}.data`)
  throw new RequestError(
    'bad-request',
    `${field}: expected an image as base64; images are not fetched from elsewhere`,
    field,
  )
}
