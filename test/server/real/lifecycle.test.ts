import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import type { SchedulerEvent } from '@berth/scheduler'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { randomGguf, smollm2 } from '../../models/index.js'
import { eventually } from '../../eventually.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { lives, post, startBerth, type BerthProcess } from './berth-process.js'
import { answerOf, chat, linesOf, song, type Line } from './requests.js'

const endless = song(1_000_000)

/** What the scheduler does, as it happens, until the test is over. */
async function watch(url: string, signal: AbortSignal): Promise<SchedulerEvent[]> {
  const events: SchedulerEvent[] = []
  const response = await fetch(`${url}/api/events`, { signal })
  const read = async (): Promise<void> => {
    let rest = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const parts = (rest + chunk).split('\n\n')
      rest = parts.pop() ?? ''
      for (const part of parts) {
        const data = /^data: (.*)$/m.exec(part)?.[1]
        if (data !== undefined && !part.includes('event: snapshot')) events.push(JSON.parse(data))
      }
    }
  }
  read().catch(() => {})
  return events
}

/** Why a model had to leave for another. */
const roomFor = (model: string) =>
  expect.stringMatching(
    new RegExp(`^makes room for ${model}:latest: least recently used, idle [\\d.]+ s, frees \\d+ MiB$`),
  )

/** What is said of a file that is no model. */
const broken = (model: string, why: string) => [
  500,
  expect.stringMatching(`^model "${model}:latest" cannot be used: .*/${model}\\.gguf: ${why}`),
]

async function failureOf(berth: BerthProcess, model: string): Promise<readonly [number, string]> {
  const response = await post(`${berth.url}/api/chat`, { ...chat, model, stream: false })
  const body: { error: string } = JSON.parse(await response.text())
  return [response.status, body.error]
}

async function secret(path: string): Promise<void> {
  await copyFile(await smollm2(), path)
  await chmod(path, 0)
}

describe('two models with room for one', () => {
  it('alternate, each answering for itself, with reasons for every change', async () => {
    await using berth = await startBerth({
      files: { 'smollm2.gguf': await smollm2(), 'gibberish.gguf': await randomGguf() },
      env: { OLLAMA_MAX_LOADED_MODELS: '1' },
    })
    const ending = new AbortController()
    const events = await watch(berth.url, ending.signal)
    const answers: string[] = []
    for (const model of ['smollm2', 'gibberish', 'smollm2', 'gibberish'])
      answers.push(await answerOf(berth.url, { ...chat, model }))
    // An answer of the wrong one would show: the other model has random weights.
    const [sense = '', nonsense = ''] = answers
    expect(sense).toContain('Paris')
    expect(nonsense).not.toContain('Paris')
    expect(nonsense).not.toBe('')
    expect(answers).toEqual([sense, nonsense, sense, nonsense])

    const changes = () =>
      events.flatMap((event) =>
        event.type === 'evicted'
          ? [`evicted ${event.model}`]
          : event.type === 'state' && event.to === 'ready' && event.from === 'loading'
            ? [`loaded ${event.model}`]
            : [],
      )
    const expected = [
      'loaded smollm2:latest',
      'evicted smollm2:latest',
      'loaded gibberish:latest',
      'evicted gibberish:latest',
      'loaded smollm2:latest',
      'evicted smollm2:latest',
      'loaded gibberish:latest',
    ]
    await eventually(changes).toEqual(expected)
    const reasons = events.flatMap((event) => (event.type === 'evicted' ? [event.why] : []))
    expect(reasons).toEqual([roomFor('gibberish'), roomFor('smollm2'), roomFor('gibberish')])
    expect(await berth.children()).toHaveLength(1)
    ending.abort()
  })
})

describe('a child that is killed in mid-stream', () => {
  it('costs its client the answer, with an error for its last line, and nobody else anything', async () => {
    await using berth = await startBerth()
    let last: Line = {}
    let killed = false
    for await (const line of linesOf(await post(`${berth.url}/api/generate`, endless))) {
      last = line
      if (killed) continue
      const children = await berth.children()
      expect(children).toHaveLength(1)
      // Never a default here: 0 and negative ids mean whole groups of processes, this one among them.
      for (const child of children) process.kill(child, 'SIGKILL')
      killed = true
    }
    expect(last).toEqual({ error: expect.stringMatching(/SIGKILL/) })
    expect(await answerOf(berth.url, chat)).toContain('Paris')
  })
})

describe('SIGTERM', () => {
  it('lets a running request finish, refuses new ones, and leaves no child behind', async () => {
    // The bound is for machines that stand still: a slow one may take its time for 120 tokens.
    await using berth = await startBerth({ args: ['--shutdown-timeout', '10m'] })
    const lines = linesOf(await post(`${berth.url}/api/generate`, song(120)))
    await lines.next()
    const children = await berth.children()
    expect(children).toHaveLength(1)
    berth.kill('SIGTERM')
    await eventually(() => berth.log()).toContain('SIGTERM: no new requests')
    await expect(post(`${berth.url}/api/chat`, chat)).rejects.toThrow(/fetch failed/)
    let last: Line = {}
    for await (const line of lines) last = line
    expect(last).toMatchObject({ done: true, done_reason: 'length', eval_count: 120 })
    expect(await berth.exited).toBe(0)
    expect(children.filter(lives)).toEqual([])
  })

  it('ends a request that goes on beyond the bound, and says so to its client', async () => {
    await using berth = await startBerth({ args: ['--shutdown-timeout', '1'] })
    const lines = linesOf(await post(`${berth.url}/api/generate`, endless))
    await lines.next()
    const children = await berth.children()
    berth.kill('SIGTERM')
    let last: Line = {}
    for await (const line of lines) last = line
    expect(last).toEqual({ error: expect.stringContaining('shutting down') })
    expect(await berth.exited).toBe(0)
    expect(children.filter(lives)).toEqual([])
  })

  it('ends an idle server, and those who watch it, at once', async () => {
    await using berth = await startBerth()
    const watching = await fetch(`${berth.url}/api/events`)
    berth.kill('SIGTERM')
    expect(await watching.text()).toContain('event: snapshot')
    expect(await berth.exited).toBe(0)
  })
})

describe('kill -9 of the server', () => {
  it('leaves no child behind', async () => {
    await using berth = await startBerth()
    const response = await post(`${berth.url}/api/generate`, endless)
    await linesOf(response).next()
    const children = await berth.children()
    expect(children).toHaveLength(1)
    berth.kill('SIGKILL')
    await berth.exited
    await eventually(() => children.filter(lives)).toEqual([])
  })
})

describe('a file that is no model', () => {
  const files = {
    'truncated.gguf': async (path: string) =>
      await writeFile(path, (await readFile(await smollm2())).subarray(0, 4_000_000)),
    'nonsense.gguf': async (path: string) =>
      await writeFile(path, Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(4_000, 0xa7)])),
    'empty.gguf': async (path: string) => await writeFile(path, ''),
    'folder.gguf': async (path: string) => {
      await mkdir(path)
    },
  }

  it('is a clear error each, and the server lives on', async () => {
    await using berth = await startBerth({ files: { ...files, 'smollm2.gguf': await smollm2() } })
    expect(await failureOf(berth, 'truncated')).toEqual(
      broken('truncated', 'the file is cut off: .* ends at byte \\d+, the file at 4000000$'),
    )
    expect(await failureOf(berth, 'nonsense')).toEqual(
      broken('nonsense', 'not a valid gguf file: unsupported version'),
    )
    expect(await failureOf(berth, 'empty')).toEqual(broken('empty', 'the file is empty$'))
    expect(await failureOf(berth, 'folder')).toEqual([404, "model 'folder' not found"])
    expect(await answerOf(berth.url, chat)).toContain('Paris')
  })

  it('is told to be closed to the server where it is', async (context) => {
    if (process.platform === 'win32') context.skip('files have no modes here')
    if (process.geteuid?.() === 0) context.skip('the superuser may read everything')
    await using berth = await startBerth({ files: { 'secret.gguf': secret } })
    expect(await failureOf(berth, 'secret')).toEqual([
      500,
      expect.stringMatching(/secret\.gguf.*permission/i),
    ])
  })
})

describe('API keys', () => {
  it('that cannot be read stop the start with one sentence, and nothing is left of it', async () => {
    const temporary = await temporaryFolder()
    vi.stubEnv('TMPDIR', temporary)
    onTestFinished(() => void vi.unstubAllEnvs())
    await expect(startBerth({ env: { BERTH_API_KEYS: '/nowhere/keys' } })).rejects.toThrow(
      /BERTH_API_KEYS: \/nowhere\/keys: ENOENT/,
    )
    expect(await readdir(temporary)).toEqual([])
  })
})
