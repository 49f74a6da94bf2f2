import type { WeightFile } from '../storage/index.js'
import type { AdapterFacts } from './adapter.js'
import { fetchBytes } from './fetch-bytes.js'
import type { LoadMeter } from './load-meter.js'
import type { WebLlmModel } from './model.js'
import { weightFiles } from './weights.js'

/**
 * Puts into storage what is missing of a model, a file at a time, so that WebLLM fetches nothing: it names no
 * file when that fails, cannot tell the network from the model, and knows only its own words for progress.
 */
export async function fetchMissing(
  model: WebLlmModel,
  adapter: AdapterFacts,
  meter: LoadMeter,
  signal: AbortSignal,
): Promise<void> {
  const files = await weightFiles(model, adapter, signal)
  const stored = await Promise.all(files.map((file) => file.stored()))
  const missing = files.filter((_file, index) => stored[index] !== true)
  if (missing.length === 0) return
  const sizes = new Map<WeightFile, number>(files.map((file) => [file, file.bytes ?? 0]))
  const total = (): number => [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
  let loaded = files.reduce((sum, file, index) => (stored[index] === true ? sum + (file.bytes ?? 0) : sum), 0)
  for (const file of missing) {
    let came = 0
    const data = await fetchBytes(file.url, signal, (bytes) => {
      came += bytes
      // Where nobody told, or told wrongly, the file is as large as what came of it.
      sizes.set(file, Math.max(sizes.get(file) ?? 0, came))
      meter.fetching(loaded + came, total())
    })
    sizes.set(file, data.byteLength)
    loaded += data.byteLength
    await file.store(data)
  }
}
