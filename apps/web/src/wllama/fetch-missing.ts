import type { Bytes } from '@berth/budget'
import { BackendError, type LoadProgress, type SignalLike } from '@berth/scheduler'
import { bytesOfModel, type GgufModel } from './gguf-model.js'
import { fetchRange } from './gguf-sources.js'
import { weightFiles } from './weight-chunks.js'

/**
 * Fetches what is not stored yet of a model, chunk after chunk; what was fetched stays, however it ends.
 * @throws BackendError `aborted`, `lost`, or `engine` where there is no room for it.
 */
export async function fetchMissing(
  model: GgufModel,
  report: (progress: LoadProgress) => void,
  signal: SignalLike,
): Promise<void> {
  const totalBytes = bytesOfModel(model)
  let loadedBytes: Bytes = 0
  for (const file of weightFiles(model)) {
    if (signal.aborted) throw new BackendError('aborted', 'The load was cancelled')
    if (!(await file.stored())) {
      const { start, end } = file.range ?? { start: 0, end: file.bytes ?? 0 }
      const response = await fetchRange(file.url, start, end)
      const data = await response.arrayBuffer().catch((error: unknown) => {
        throw new BackendError('lost', `${file.url}: its server broke off`, { cause: error })
      })
      await file.store(data).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error)
        throw new BackendError('engine', `${file.name} cannot be stored: ${why}`, { cause: error })
      })
    }
    loadedBytes += file.bytes ?? 0
    report({ fraction: 0, stage: 'fetching', loadedBytes, totalBytes })
  }
}
