import { readFile } from 'node:fs/promises'
import { bytesOf, formatBytes, LearnedMemory, place } from '@berth/budget'
import type { MemorySettings, Placement } from '@berth/budget'
import type { Runner } from '@berth/scheduler'
import { beforeAll, describe, expect, test } from 'vitest'
import type { LlamaBackend } from '../../apps/server/src/llama/index.js'
import { randomGguf, smollm2 } from '../models/index.js'
import { backendOver, withRunner } from '../server/llama/harness.js'
import { ram } from './machines.js'

const ROOM = [ram(64e9)]
const CONTEXT = 2048

/** Shapes that differ in what takes the memory: layers, attention heads, vocabulary. */
const SHAPES = {
  deep: { layers: 12, embedding: 512, heads: 8, kvHeads: 2, ffn: 1536, vocab: 16_000 },
  broad: {
    layers: 4,
    embedding: 1024,
    heads: 32,
    headSize: 64,
    kvHeads: 8,
    ffn: 2048,
    vocab: 4096,
    tied: false,
  },
  wordy: { layers: 6, embedding: 256, heads: 4, kvHeads: 4, ffn: 1024, vocab: 49_152 },
} as const

const FILES: Readonly<Record<string, () => Promise<string>>> = {
  'SmolLM2-135M Q4_1': smollm2,
  ...Object.fromEntries(
    Object.entries(SHAPES).flatMap(([name, shape]) =>
      (['Q8_0', 'Q4_0'] as const).map((type) => [`${name} ${type}`, () => randomGguf({ ...shape, type })]),
    ),
  ),
}

/** What a child's process may take beyond what the engine tells: itself, and in tests the loader of TypeScript. */
const PROCESS = 250e6

describe('a real load takes what was estimated before, and a second one what the first has taught', () => {
  let backend: LlamaBackend
  beforeAll(async () => {
    const paths: Record<string, string> = {}
    for (const [name, file] of Object.entries(FILES)) paths[name] = await file()
    backend = backendOver(paths)
  }, 300_000)

  test.for(Object.keys(FILES).flatMap((name) => [1, 4].map((slots) => [name, slots] as const)))(
    '%s with %d slots',
    async ([model, slots], { annotate }) => {
      const profile = await backend.profile(model, 'generate')
      const settings: MemorySettings = { contextLength: CONTEXT, slots, kvType: 'f16' }
      const placed = (learned?: LearnedMemory): Placement => {
        const verdict = place(profile, settings, ROOM, { correction: learned?.correction(model, settings) })
        if (!verdict.fits) throw new Error(verdict.reason)
        return verdict.placement
      }
      const before = placed()
      const overhead = before.parts[0]?.overhead ?? NaN
      const estimate = bytesOf(before.bytes, 'ram') - overhead

      const learned = new LearnedMemory()
      await withRunner(backend, model, { slots, contextLength: CONTEXT }, async (runner) => {
        const measured = measuredBy(runner)
        const engine = measured - overhead
        expect(Math.abs(estimate / engine - 1)).toBeLessThan(0.05)
        learned.learn(model, settings, before, [{ device: 'ram', bytes: measured }])

        const resident = await residentBytes(runner.pid)
        if (resident === null) return
        await annotate(
          `estimated ${formatBytes(estimate)}, the engine says ${formatBytes(engine)}, resident ${formatBytes(resident)}`,
        )
        expect(resident).toBeLessThan(engine + PROCESS)
      })

      const foreseen = bytesOf(placed(learned).bytes, 'ram')
      await withRunner(backend, model, { slots, contextLength: CONTEXT }, (runner) => {
        expect(Math.abs(foreseen / measuredBy(runner) - 1)).toBeLessThan(0.01)
        return Promise.resolve()
      })
    },
  )
})

/** What the engine and its process take, by the runner's own words. */
function measuredBy(runner: Runner): number {
  let measured = NaN
  runner.onMemory((bytes) => (measured = bytesOf(bytes, 'ram')))[Symbol.dispose]()
  return measured
}

/** What the kernel says that a process has in memory; null where it says nothing. */
async function residentBytes(pid: number | undefined): Promise<number | null> {
  if (process.platform !== 'linux' || pid === undefined) return null
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}
