import type { PartialFile, PartStore } from '../../../apps/web/src/downloads/part-store.js'

/** Parts in memory, with the room of a small disk. */
export class MemoryParts implements PartStore {
  readonly heads = new Map<string, PartialFile>()
  readonly #parts = new Map<string, Uint8Array[]>()
  /** Bytes that may still be stored, by whoever asks `take`. */
  room = Infinity

  find(file: string): Promise<PartialFile | null> {
    return Promise.resolve(this.heads.get(file) ?? null)
  }

  append(
    file: string,
    had: PartialFile | null,
    part: Uint8Array<ArrayBuffer>,
    of: Pick<PartialFile, 'etag' | 'total'>,
  ): Promise<PartialFile> {
    this.take(part.byteLength)
    const parts = had === null ? [] : (this.#parts.get(file) ?? [])
    this.#parts.set(file, [...parts, part])
    const next = { ...of, parts: (had?.parts ?? 0) + 1, bytes: (had?.bytes ?? 0) + part.byteLength }
    this.heads.set(file, next)
    return Promise.resolve(next)
  }

  whole(file: string): Promise<ArrayBuffer> {
    return new Blob((this.#parts.get(file) ?? []).map((part) => part.slice())).arrayBuffer()
  }

  drop(file: string): Promise<void> {
    this.room += this.heads.get(file)?.bytes ?? 0
    this.heads.delete(file)
    this.#parts.delete(file)
    return Promise.resolve()
  }

  async dropAll(): Promise<void> {
    for (const file of Array.from(this.heads.keys())) await this.drop(file)
  }

  /** @throws DOMException `QuotaExceededError`, as a browser does. */
  take(bytes: number): void {
    if (bytes > this.room) throw new DOMException('no room', 'QuotaExceededError')
    this.room -= bytes
  }
}
