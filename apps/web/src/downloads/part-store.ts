import type { Bytes } from '@berth/budget'
import type { ModelId } from '@berth/scheduler'
import { createStore, delMany, get, keys, set } from 'idb-keyval'
import type { UseStore } from 'idb-keyval'

/** What is there of a file that is not complete. */
export interface PartialFile {
  readonly bytes: Bytes
  readonly parts: number
  /** Of the answer that the parts are from, where it could be read: parts of another version do not fit to them. */
  readonly etag: string | null
  readonly total: Bytes | null
}

/** The parts of one model's files that are being downloaded, kept over reloads. `file` names a file within its model. */
export interface PartStore {
  /** Null where nothing is there. */
  find(file: string): Promise<PartialFile | null>
  /**
   * Adds a part after those that are there.
   * @throws DOMException `QuotaExceededError` where there is no room; then all is as it was.
   */
  append(
    file: string,
    had: PartialFile | null,
    part: Uint8Array<ArrayBuffer>,
    of: Pick<PartialFile, 'etag' | 'total'>,
  ): Promise<PartialFile>
  /** All parts as one. */
  whole(file: string, had: PartialFile): Promise<ArrayBuffer>
  drop(file: string): Promise<void>
  dropAll(): Promise<void>
}

/** Parts in IndexedDB, in databases of their own: what the pages store must not wait for them. */
export function storedParts(model: ModelId): PartStore {
  const { heads, parts } = stores()
  const head = (file: string): [ModelId, string] => [model, file]
  const part = (file: string, n: number): [ModelId, string, number] => [model, file, n]
  const dropWhere = async (mine: (file: string) => boolean): Promise<void> => {
    for (const store of [heads, parts]) {
      const known = await keys<[ModelId, string]>(store)
      await delMany(
        known.filter(([of, file]) => of === model && mine(file)),
        store,
      )
    }
  }
  return {
    find: async (file) => (await get<PartialFile>(head(file), heads)) ?? null,
    async append(file, had, bytes, of) {
      const count = had?.parts ?? 0
      const next = { ...of, parts: count + 1, bytes: (had?.bytes ?? 0) + bytes.byteLength }
      // The head goes last: a part that it does not count is written again.
      // As a Blob, which goes to the disk as it is, and is a mere reference when it is read.
      await set(part(file, count), new Blob([bytes]), parts)
      await set(head(file), next, heads)
      return next
    },
    async whole(file, had) {
      const wanted = Array.from({ length: had.parts }, (_, n) => get<Blob>(part(file, n), parts))
      const blobs = (await Promise.all(wanted)).filter((blob) => blob !== undefined)
      const whole = new Blob(blobs)
      if (whole.size !== had.bytes) throw new Error(`parts of ${file} are missing: fetch it anew`)
      return await whole.arrayBuffer()
    },
    drop: (file) => dropWhere((candidate) => candidate === file),
    dropAll: () => dropWhere(() => true),
  }
}

let opened: { readonly heads: UseStore; readonly parts: UseStore } | null = null

/** Opened when first needed, so that to import this touches no storage. */
function stores() {
  return (opened ??= {
    heads: createStore('berth-downloads', 'heads'),
    parts: createStore('berth-download-parts', 'parts'),
  })
}
