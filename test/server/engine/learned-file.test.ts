import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Placement } from '@berth/budget'
import { describe, expect, it } from 'vitest'
import { LearnedFile } from '../../../apps/server/src/engine/index.js'
import { temporaryFolder } from '../../temporary-folder.js'

const settings = { contextLength: 2_048, slots: 1, kvType: 'f16' } as const
const placement: Placement = {
  kind: 'cpu',
  gpuLayers: 0,
  split: [],
  bytes: [{ device: 'ram', bytes: 1_000 }],
  parts: [{ device: 'ram', weights: 1_000, kvCache: 0, compute: 0, overhead: 0, learned: 0 }],
  reason: 'a test',
}

describe('what loads took', () => {
  it('outlasts the server', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'berth', 'learned.json')
    const file = await LearnedFile.open(path)
    file.memory.learn('m', settings, placement, [{ device: 'ram', bytes: 1_100 }])
    await Promise.all([file.save(), file.save(), file.save()])
    const again = await LearnedFile.open(path)
    expect(again.memory.correction('m', settings)).toEqual(file.memory.correction('m', settings))
    expect(again.memory.correction('m', settings)).toBeDefined()
    expect(await readdir(join(folder, 'berth'))).toEqual(['learned.json'])
  })

  it('is forgotten with a damaged file, and nothing worse', async () => {
    const path = join(await temporaryFolder(), 'learned.json')
    await writeFile(path, '{"version": 1, "models": {"m"')
    expect((await LearnedFile.open(path)).memory.correction('m', settings)).toBeUndefined()
  })
})
