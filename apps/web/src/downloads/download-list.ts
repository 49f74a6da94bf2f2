import { get, set } from 'idb-keyval'
import type { ModelId } from '@berth/scheduler'

/** What is remembered of a download over a reload; how far it is, its files and parts tell. */
export interface RememberedDownload {
  readonly model: ModelId
  readonly state: 'running' | 'paused' | 'failed'
  readonly error?: string
  readonly loadedBytes: number
  readonly totalBytes: number
}

/** Keeps the list of downloads. Tests have their own. */
export interface DownloadList {
  read(): Promise<readonly RememberedDownload[]>
  write(downloads: readonly RememberedDownload[]): Promise<void>
}

const KEY = 'downloads'

export const storedDownloadList: DownloadList = {
  read: async () => (await get<readonly RememberedDownload[]>(KEY)) ?? [],
  write: (downloads) => set(KEY, downloads),
}
