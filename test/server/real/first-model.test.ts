import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { curl, startBerth } from './berth-process.js'

/** A bound for slow networks, which nothing waits for. */
const DOWNLOAD_MS = 600_000

/** What pip is told on this machine, a mirror for instance: the server's home has none of it. */
const pipSettings = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      name.startsWith('PIP_') && value !== undefined ? [[name, value]] : [],
    ),
  )

const hasPip = async (): Promise<boolean> =>
  await promisify(execFile)('python3', ['-m', 'pip', '--version']).then(
    () => true,
    () => false,
  )

it(
  'a server with an empty home gets itself a model, which tells the capital of France',
  async (context) => {
    if (!(await hasPip())) context.skip('there is no python3 with pip on this machine')
    await using berth = await startBerth({ files: {}, firstModel: 'auto', env: pipSettings() })
    const outcome = (): string | undefined =>
      /smollm2:135m is ready|There is no model yet.*/.exec(berth.log())?.[0]
    await expect.poll(outcome, { timeout: DOWNLOAD_MS, interval: 50 }).toBeDefined()
    expect(outcome()).toBe('smollm2:135m is ready')
    const answer = await curl(
      `${berth.url}/api/chat`,
      '-d',
      '{"model":"smollm2:135m","messages":[{"role":"user","content":"What is the capital of France?"}]}',
    )
    const lines: { message: { content: string }; done: boolean }[] = answer
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ message }) => message.content).join('')).toContain('Paris')
    expect(lines.length).toBeGreaterThan(2)
    expect(lines.at(-1)).toMatchObject({ model: 'smollm2:135m', done: true, done_reason: 'stop' })
  },
  2 * DOWNLOAD_MS,
)
