import type { Bytes } from '@berth/budget'

/** A Blob that tells how much of it is read: the engine reads it tensor by tensor and says nothing of it. */
export class WatchedBlob extends Blob {
  readonly #onRead: (bytes: Bytes) => void

  constructor(blob: Blob, onRead: (bytes: Bytes) => void) {
    super([blob])
    this.#onRead = onRead
  }

  override slice(start = 0, end = this.size, type?: string): Blob {
    const part = super.slice(start, end, type)
    this.#onRead(part.size)
    return part
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return super.stream().pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform: (chunk, controller) => {
          this.#onRead(chunk.byteLength)
          controller.enqueue(chunk)
        },
      }),
    )
  }
}
