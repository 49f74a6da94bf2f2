import type { Piece } from '@berth/scheduler'
import type { Answer } from './answer.js'
import { failureOf, type Failure } from './failure.js'
import { WaitingLines } from './waiting-lines.js'

/** One family's way to put an answer on the wire, as it comes. */
export interface StreamEncoder {
  /** The text of a piece; empty where the family has nothing to say of it. */
  piece(piece: Piece): string
  /** What readers pass over, where the family has such a thing: said while there is nothing of the answer. */
  comment?(text: string): string
  /** What ends a stream that broke off. */
  failed(failure: Failure): string
}

const utf8 = new TextEncoder()

/**
 * An answer as bytes, made as they are read: a client that reads slowly slows nothing but itself. One that
 * leaves cancels the request.
 * @param onFailure is told of an error that came too late for a status.
 */
export function streamOf(
  answer: Answer,
  encoder: StreamEncoder,
  onFailure: (failure: Failure, error: unknown) => void,
): ReadableStream<Uint8Array> {
  let left = false
  const lines = encoder.comment === undefined ? null : new WaitingLines(answer)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          for (;;) {
            const line = await lines?.next()
            if (left) return
            if (line) return controller.enqueue(utf8.encode(encoder.comment?.(line) ?? ''))
            const piece = await answer.next()
            if (left) return
            if (piece === undefined) return controller.close()
            const text = encoder.piece(piece)
            if (text !== '') return controller.enqueue(utf8.encode(text))
          }
        } catch (error) {
          // A stream that was left is closed already, and its cancelled request is no failure.
          if (left) return
          const failure = failureOf(error)
          onFailure(failure, error)
          controller.enqueue(utf8.encode(encoder.failed(failure)))
          controller.close()
        }
      },
      cancel() {
        left = true
        answer.cancel()
      },
    },
    // Nothing is made ahead of its reader.
    { highWaterMark: 0 },
  )
}
