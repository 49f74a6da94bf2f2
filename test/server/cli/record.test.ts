import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseTrace } from '@berth/scheduler/simulation'
import { temporaryFolder } from '../../temporary-folder.js'
import { post, startBerth } from '../real/berth-process.js'
import { BERTH, berth } from './command.js'

it('berth record writes down how long requests were, and nothing that they said', async () => {
  await using server = await startBerth()
  const file = join(await temporaryFolder(), 'trace.jsonl')
  const recording = spawn(process.execPath, [BERTH, 'record', file], {
    env: { PATH: process.env['PATH'] ?? '', HOME: server.home, BERTH_HOST: server.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(recording, 'exit')
  let said = ''
  let result = ''
  recording.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  recording.stdout.setEncoding('utf8').on('data', (text: string) => (result += text))
  await expect.poll(() => said, { timeout: 120_000 }).toContain('Recording; Ctrl-C ends it')
  const ask = async (prompt: string): Promise<void> => {
    const options = { num_predict: 5, temperature: 0 }
    const response = await post(`${server.url}/api/generate`, {
      model: 'smollm2',
      prompt,
      stream: false,
      options,
    })
    expect(response.status).toBe(200)
    await response.text()
  }
  await ask('A secret to count by')
  await ask('Another')
  recording.kill('SIGINT')
  expect(await exited).toEqual([130, null])
  expect(result).toBe(`${file}: 2 requests for 1 models\n`)

  const text = await readFile(file, 'utf8')
  expect(text).not.toMatch(/secret|Another|127\.0\.0\.1/)
  const lines = parseTrace(text)
  expect(lines.map(({ type }) => type)).toEqual(['trace', 'model', 'request', 'request', 'end'])
  expect(lines[1]).toMatchObject({
    model: 'smollm2:latest',
    bytes: expect.any(Number),
    profile: { kind: 'gguf' },
    rates: { loadMs: expect.any(Number), promptTokenMs: expect.any(Number) },
  })
  expect(lines[2]).toMatchObject({
    client: 'c1',
    promptTokens: expect.any(Number),
    outputTokens: 5,
    maxTokens: 5,
  })
})

it('berth record says what is wrong with a file or a length of time before it begins', async () => {
  const { code, err } = await berth(['record', 'x.jsonl', '--for', 'soon'])
  expect({ code, err }).toEqual({
    code: 2,
    err: expect.stringContaining('expected a duration such as 90s or 10m'),
  })
  const folder = await temporaryFolder()
  expect(await berth(['record', join(folder, 'no', 'such.jsonl')])).toMatchObject({
    code: 1,
    err: expect.stringContaining('cannot be written'),
  })
})
