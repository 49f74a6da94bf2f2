import { BackendError, type ToolCall } from '@berth/scheduler'
import * as z from 'zod/mini'
import { FRAME_LIMIT } from './dialect.js'
import { shortened } from './remote-errors.js'

interface Part {
  readonly index?: number | null | undefined
  readonly id?: string | null | undefined
  readonly function?:
    | { readonly name?: string | null | undefined; readonly arguments?: string | null | undefined }
    | null
    | undefined
}

/** Tool calls of OpenAI's streams, which come in parts: the name once, the arguments a few letters at a time. */
export class ToolCallParts {
  readonly #calls = new Map<number, { id: string; name: string; text: string }>()

  /** @throws BackendError `engine` when there is no end of it. */
  take(server: string, { index, id, function: said }: Part): void {
    // A part that does not say whose it is belongs to the last call, or begins one if it has an id.
    const at = index ?? (id ? this.#calls.size : Math.max(0, this.#calls.size - 1))
    const call = this.#calls.get(at) ?? { id: '', name: '', text: '' }
    this.#calls.set(at, call)
    call.id ||= id ?? ''
    call.name ||= said?.name ?? ''
    call.text += said?.arguments ?? ''
    if (call.text.length > FRAME_LIMIT) {
      throw new BackendError('engine', `${server} sent a tool call of more than ${FRAME_LIMIT} characters`)
    }
  }

  /** All of them, in order; there are none after that. @throws BackendError `engine` for arguments that are no JSON object. */
  whole(server: string): readonly ToolCall[] {
    const calls = [...this.#calls].toSorted(([a], [b]) => a - b)
    this.#calls.clear()
    return calls.map(([index, { id, name, text }]) => ({
      id: id || `call_${index + 1}`,
      name,
      arguments: argumentsOf(server, name, text),
    }))
  }
}

function argumentsOf(server: string, name: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text || '{}'))
  } catch (error) {
    const message = `${server} called the tool '${name}' with what is no JSON object: ${shortened(text)}`
    throw new BackendError('engine', message, { cause: error })
  }
}
