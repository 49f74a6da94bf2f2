import { type ChildProcess, fork, type ForkOptions } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { DeviceBytes } from '@berth/budget'
import { Abort } from '@berth/scheduler'
import { ManualClock } from '@berth/scheduler/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import type { LlamaBackend } from '../../../apps/server/src/llama/index.js'
import { randomGguf } from '../../models/index.js'
import {
  answerOf,
  backendOver,
  childrenOf,
  isAlive,
  load,
  raw,
  specFor,
  until,
  withRunner,
} from './harness.js'

const LONG = 'one two three four five six seven eight nine ten '.repeat(60)

/** A server in small, in a process of its own. */
function forkParent(path: string, options: ForkOptions = {}): ChildProcess {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm')).href
  return fork(fileURLToPath(new URL('parent-to-kill.ts', import.meta.url)), [path], {
    ...options,
    execArgv: ['--conditions=berth-source', '--import', loader],
  })
}

/** Its child's process id, once that works on a prompt. */
function childOf(parent: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    parent.once('message', (told) => resolve(Number(told)))
    parent.once('exit', () => reject(new Error('The parent went before its child had begun')))
  })
}

describe('the children of the llama backend', () => {
  let path: string
  let backend: LlamaBackend
  beforeAll(async () => {
    path = await randomGguf({ layers: 8, embedding: 256 })
    backend = backendOver({ model: path })
  })

  it('fail their jobs as lost, with the signal, when killed in mid-stream', async () => {
    const runner = await load(backend, 'model')
    const reading = runner.start(raw('Hello', { maxTokens: 400 })).pieces[Symbol.asyncIterator]()
    await reading.next()
    process.kill(runner.pid!, 'SIGKILL')
    const drain = async (): Promise<void> => {
      while ((await reading.next()).done !== true);
    }
    await expect(drain()).rejects.toMatchObject({
      code: 'lost',
      message: expect.stringContaining('SIGKILL'),
    })
    expect(await runner.ended).toMatchObject({
      asked: false,
      reason: expect.stringContaining('SIGKILL'),
    })
    await expect(runner.countTokens('Hello')).rejects.toMatchObject({ code: 'lost' })
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)('go when their parent goes by %s', async (signal) => {
    const parent = forkParent(path)
    const pid = await childOf(parent)
    expect(isAlive(pid)).toBe(true)
    parent.kill(signal)
    await until(() => !isAlive(pid))
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('stay at %s, which is for their parent too', (signal) =>
    withRunner(backend, 'model', { contextLength: 2048 }, async (runner) => {
      const run = runner.start(raw('Hello', { maxTokens: 100 }))
      const reading = run.pieces[Symbol.asyncIterator]()
      await reading.next()
      process.kill(runner.pid!, signal)
      for (let next = await reading.next(); next.done !== true;) next = await reading.next()
      expect((await run.slotFree).how).toBe('finished')
      await answerOf(runner.start(raw('Hello', { maxTokens: 1 })))
      await runner.stop('gracefully')
      expect(await runner.ended).toMatchObject({ asked: true })
    }),
  )

  it('go when SIGTERM comes to all of a group, once their parent is gone', async () => {
    const parent = forkParent(path, { detached: true })
    const pid = await childOf(parent)
    process.kill(-parent.pid!, 'SIGTERM')
    await until(() => !isAlive(parent.pid!) && !isAlive(pid))
  })

  it('go when they are asked, and their memory with them', async () => {
    const runner = await load(backend, 'model')
    const run = runner.start(raw(LONG, { maxTokens: 400 }))
    await runner.stop('gracefully')
    expect(isAlive(runner.pid!)).toBe(false)
    expect(await runner.ended).toMatchObject({ asked: true })
    await expect(answerOf(run)).rejects.toMatchObject({ code: 'lost' })
  })

  it('get SIGTERM and then SIGKILL, each after its time, when they do not go', async () => {
    const clock = new ManualClock()
    const stubborn = backendOver({ model: path }, { clock, stop: { askMs: 100, termMs: 50 } })
    const runner = await load(stubborn, 'model')
    // A stopped process reads no messages, and takes no signal but one.
    process.kill(runner.pid!, 'SIGSTOP')
    const stopping = runner.stop('gracefully')
    await clock.advance(149)
    expect(isAlive(runner.pid!)).toBe(true)
    await clock.advance(1)
    await stopping
    expect(isAlive(runner.pid!)).toBe(false)
    expect(await runner.ended).toMatchObject({ asked: true })
  })

  it('leave a prompt at the end of the chunk in work when its job is cancelled', () =>
    withRunner(backend, 'model', { contextLength: 8_192 }, async (runner) => {
      const run = runner.start(raw(LONG.repeat(10), { maxTokens: 1_000 }))
      const seen: number[] = []
      let length = NaN
      let known = NaN
      await new Promise<void>((resolve) => {
        run.onProgress((progress) => {
          if (progress.phase === 'prompt') length = progress.of
          seen.push(progress.phase === 'prompt' ? progress.tokens : Infinity)
          // The first says where it begins, the second is of the first chunk.
          if (seen.length !== 2) return
          run.cancel()
          // A child takes what it is told in order: when this is answered, it knows.
          void runner.countTokens('').then(() => (known = seen.at(-1)!))
          resolve()
        })
      })
      expect((await run.slotFree).how).toBe('cancelled')
      expect(seen.slice(0, 2)).toEqual([0, 128])
      // It may know it with one chunk's report on its way and the next chunk in work.
      expect(seen.at(-1)! - known).toBeLessThanOrEqual(2 * 128)
      expect(seen.at(-1)).toBeLessThan(length)
    }))

  it('go when their load is called off, before the load fails', async () => {
    const spec = await specFor(backend, 'model')
    const before = childrenOf(process.pid)
    const abort = new Abort()
    let loading: number[] = []
    const called = backend.load(
      spec,
      ({ fraction }) => {
        // The child has said that it is at work.
        if (fraction === 0 || abort.aborted) return
        loading = childrenOf(process.pid).filter((pid) => !before.includes(pid))
        abort.abort('not wanted any more')
      },
      abort,
    )
    await expect(called).rejects.toMatchObject({ code: 'aborted' })
    expect(loading).toHaveLength(1)
    expect(isAlive(loading[0]!)).toBe(false)
  })

  it('go on with their jobs while their share of the cores changes', () =>
    withRunner(backend, 'model', {}, async (runner) => {
      const run = runner.start(raw('Hello', { maxTokens: 64 }))
      let share = 1
      run.onProgress(() => runner.setThreads((share = 3 - share)))
      const { finished } = await answerOf(run)
      expect(finished.metrics.decodedTokens).toBe(64)
      expect(finished.reason).toBe('length')
    }))

  it('tell what they hold, as the budget foresaw', () =>
    withRunner(backend, 'model', { slots: 2 }, async (runner) => {
      const told: DeviceBytes[] = []
      runner.onMemory((bytes) => told.push(...bytes))
      expect(told.map(({ device }) => device)).toEqual(['ram'])
      const foreseen = runner.spec.placement.bytes[0]!.bytes
      expect(Math.abs(told[0]!.bytes / foreseen - 1)).toBeLessThan(0.05)
    }))
})
