import type { Bytes } from '@berth/budget'

export type LogLevel = 'debug' | 'warn' | 'error'
export type Log = (level: LogLevel, text: string) => void

/** Lines that are kept to explain a failure with. */
const KEPT = 6

/** What says how wllama failed, and not why. */
const HOW = /^Stack trace|^Model returned|typed array length|out-of-bounds Uint8Array/

/** Reads along with what the engine says: what it allocates, and what it last complained of. */
export class EngineLog {
  readonly #log: Log
  readonly #buffers = new Map<string, Bytes>()
  #complaints: string[] = []

  constructor(log: Log) {
    this.#log = log
  }

  take(level: LogLevel, text: string): void {
    // "load_tensors:          CPU model buffer size =    92.10 MiB"; a buffer that is made anew replaces the old one.
    const buffer = /(\S+ +(?:model|KV|RS|compute|output) buffer size) += +([\d.]+) MiB/.exec(text)
    if (buffer !== null) this.#buffers.set(buffer[1] ?? '', Math.round(Number(buffer[2]) * 2 ** 20))
    if ((level === 'error' || /^\S*error/i.test(text)) && !HOW.test(text)) {
      this.#complaints = [...this.#complaints, text.trim()].slice(-KEPT)
    }
    this.#log(level, text)
  }

  /** What the engine allocated, by its own account; null where it told nothing of its weights. */
  get allocated(): Bytes | null {
    const sizes = [...this.#buffers]
    if (!sizes.some(([name]) => name.includes('model'))) return null
    return sizes.reduce((sum, [, bytes]) => sum + bytes, 0)
  }

  /** What it complained of since this was asked last. */
  complaints(): string {
    const said = this.#complaints.join('; ')
    this.#complaints = []
    return said
  }
}
