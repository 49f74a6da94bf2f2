import type { Bytes } from '@berth/budget'

/**
 * One file of a model, and its place on this machine's disk. Each engine reads its weights from a place of its
 * own, in a form of its own (webllm/ and wllama/ know theirs); the download manager needs no more than this.
 */
export interface WeightFile {
  /** Where its bytes come from, absolute; with `range` it names the file within its model. */
  readonly url: string
  /**
   * Which of the URL's bytes these are, `end` not among them; absent: all. What is too large to be held in memory
   * at once is several of these with one URL, to be asked for with a Range header.
   */
  readonly range?: { readonly start: Bytes; readonly end: Bytes }
  /** For people to read: "params_shard_3.bin". */
  readonly name: string
  /** What the download comes to; null where only the answer's own length will tell. */
  readonly bytes: Bytes | null
  /** Whether the engine would find it, and so not fetch it. */
  stored(): Promise<boolean>
  /**
   * Puts the whole file where the engine looks for it, replacing what was there.
   * @throws Error whose message says what is wrong with the bytes, where they cannot be this file;
   * `QuotaExceededError` (a DOMException) where there is no room.
   */
  store(data: ArrayBuffer): Promise<void>
  /** Removes it; nothing happens where it is not there. */
  delete(): Promise<void>
}
