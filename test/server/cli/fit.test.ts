import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PLANNED_ENGINE, planFit, emptyRoom, MACHINE_PRESETS, profileFromGguf } from '@berth/budget'
import { copyableSettings } from '@berth/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../../apps/server/src/config/index.js'
import { readGgufMetadata } from '../../../apps/server/src/models/index.js'
import { randomGguf, smollm2 } from '../../models/index.js'
import { rangeServer, type RangeServer } from './range-server.js'
import { berth, type Outcome } from './command.js'

let home: string
let folder: string
let file: string
let server: RangeServer

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-test-'))
  folder = join(home, 'ggufs')
  await mkdir(folder)
  file = await smollm2()
  await copyFile(await randomGguf({ layers: 2 }), join(folder, 'tiny.gguf'))
  server = await rangeServer({ '/m/smollm2.gguf': file })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

const fit = async (...args: readonly string[]): Promise<Outcome> =>
  await berth(['fit', ...args], { home, env: { BERTH_GGUF_FOLDERS: folder, BERTH_GPU: 'off' } })

const readFile = (): string => ''

const GPU = ['--vram', '8GB', '--ram', '16GB']

describe('berth fit', () => {
  it('says where a model would go, what it takes there, how far one could go, and what to set', async () => {
    const { code, out, err } = await fit(file, ...GPU, '--context', '2048', '--slots', '2')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/fits on the GPU \(8 GB of VRAM \+ 16 GB of RAM\)\n {2}all 31 layers fit on the GPU/)
    expect(out).toMatch(/^At 2048 tokens a slot, 2 slots, KV cache in f16:$/m)
    expect(out).toMatch(/^MEMORY +WEIGHTS +KV CACHE +COMPUTE +OVERHEAD +TAKES +OF$/m)
    expect(out).toMatch(/^GPU +\d[\d.]* MiB +90\.0 MiB .* 7\.1 GiB$/m)
    expect(out).toMatch(/^Longest context +8192$/m)
    expect(out).toContain('berth serve --context-length 2048 --num-parallel 2 --kv-cache-type f16\n')
    expect(out).toContain('BERTH_CONTEXT_LENGTH=2048\n')
    expect(out).toContain('PARAMETER num_ctx 2048\n')
  })

  it('gives the arithmetic of packages/budget to programs, to the byte', async () => {
    const { code, out } = await fit(
      file,
      '--machine',
      'rtx-3060',
      '--context',
      '4096',
      '--slots',
      '4',
      '--json',
    )
    expect(code).toBe(0)
    const machine = MACHINE_PRESETS.find(({ id }) => id === 'rtx-3060')
    const plan = planFit(
      profileFromGguf(await readGgufMetadata(file), PLANNED_ENGINE),
      { contextLength: 4096, slots: 4, kvType: 'f16' },
      emptyRoom(machine?.devices ?? [], 0.05),
    )
    expect(JSON.parse(out)).toMatchObject({
      model: file,
      machine: 'RTX 3060, 12 GB, and 32 GB of RAM',
      verdict: 'gpu',
      gpuLayers: 31,
      layers: 31,
      devices: plan.devices.map(({ on, bytes, weights, kvCache, compute, overhead }) => ({
        device: on.id,
        bytes,
        weights,
        kvCache,
        compute,
        overhead,
      })),
      longestContext: plan.longestContext,
      mostSlots: plan.mostSlots,
    })
  })

  it('ends with 3 where the CPU has to compute, and with 4 where nothing helps', async () => {
    const hybrid = await fit(file, '--vram', '700MB', '--ram', '16GB', '--slots', '1')
    expect(hybrid.out).toMatch(/fits on GPU and CPU together[^]*\d+ of 31 layers fit on the GPU/)
    expect(hybrid.code).toBe(3)
    const cpu = await fit(file, '--ram', '4GB')
    expect(cpu.out).toMatch(/fits on the CPU alone[^]*there is no GPU/)
    expect(cpu.code).toBe(3)
    const none = await fit(file, '--ram', '150MB', '--slots', '1')
    expect(none.out).toMatch(/cannot be loaded[^]*too large for any placement[^]*what would help: /)
    expect(none.out).not.toContain('berth serve')
    expect(none.code).toBe(4)
  })

  it('looks at this machine, and at the models of its store, where nothing else is said', async () => {
    const { code, out, err } = await fit('tiny', '--json')
    expect({ code, err }).toEqual({ code: 3, err: '' })
    expect(JSON.parse(out)).toMatchObject({ machine: 'this machine', verdict: 'cpu', layers: 3 })
  })

  it('fetches no more of a model at an address than its head', async () => {
    const { code, out, err } = await fit(`${server.url}/m/smollm2.gguf`, ...GPU, '--json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toMatchObject({ verdict: 'gpu', layers: 31 })
    expect(server.sent()).toBeGreaterThan(0)
    expect(server.sent()).toBeLessThan(12e6)
  })

  it('says what is wrong', async () => {
    const bad = join(home, 'bad.gguf')
    await writeFile(bad, 'not a model at all')
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['tny'], 1, /^Error: no such model 'tny'; did you mean tiny/],
      [['/nowhere/x.gguf'], 1, /^Error: \/nowhere\/x\.gguf: there is no such file/],
      [[bad], 1, /bad\.gguf: it is not a GGUF file/],
      [[`${server.url}/none.gguf`], 1, /none\.gguf: the server answers 404/],
      [['hf.co/user/repository'], 2, /expected a file, such as hf\.co\/USER\/REPO\/FILE\.gguf/],
      [['tiny', '--machine', 'rtx-409'], 2, /--machine: there is no "rtx-409": did you mean rtx-4090\?/],
      [['tiny', '--machine', 'rtx-4090', '--ram', '8GB'], 2, /either --machine, or --vram and --ram/],
      [['tiny', '--vram', '8GB'], 2, /--vram needs --ram as well/],
      [
        ['tiny', '--ram', 'much'],
        2,
        /'--ram <bytes>' argument 'much' is invalid. expected a size such as 8GB/,
      ],
      [['tiny', '--context', '0'], 2, /expected a whole number from 1, got "0"/],
      [['tiny', '--kv-type', 'q9'], 2, /expected one of f32, f16,/],
    ]
    for (const [args, code, message] of cases) {
      const outcome = await fit(...args)
      expect(outcome.err).toMatch(message)
      expect({ args, code: outcome.code, out: outcome.out }).toEqual({ args, code, out: '' })
    }
  })

  it('offers settings that the server takes as they stand', () => {
    const { flags, env } = copyableSettings({ contextLength: 8192, slots: 2, kvType: 'q8_0' })
    const expected = { contextLength: 8192, numParallel: 2, kvCacheType: 'q8_0' }
    const byFlags = readConfig({ args: flags.split(' ').slice(2), env: {}, readFile })
    expect(byFlags).toMatchObject({ kind: 'config', config: expected })
    const variables = Object.fromEntries(env.split('\n').map((line) => line.split('=')))
    expect(readConfig({ args: [], env: variables, readFile })).toMatchObject({
      kind: 'config',
      config: expected,
    })
  })
})
