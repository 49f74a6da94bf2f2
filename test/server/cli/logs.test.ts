import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../temporary-folder.js'
import { atTerminal, BERTH, berth, whyNoTerminal } from './command.js'

it('berth logs shows the end of the file that the server’s log goes to, and follows it', async (context) => {
  if (process.platform !== 'linux') context.skip('only Linux tells the name of the file')
  const home = await temporaryFolder()
  const path = join(home, 'berth.log')
  const file = await open(path, 'w')
  const server = spawn(process.execPath, [BERTH, 'serve', '--port', '0', '--first-model', 'off'], {
    env: { PATH: process.env['PATH'] ?? '', HOME: home },
    stdio: ['ignore', file.fd, file.fd],
  })
  const exited = once(server, 'exit')
  try {
    const log = async (): Promise<string> => await readFile(path, 'utf8')
    await expect.poll(log, { timeout: 120_000 }).toContain(' for models')
    const url = /is listening on (http:\/\/[^"\s]+)/.exec(await log())?.[1] ?? ''
    const { code, out, err } = await berth(['logs', '-n', '2'], { url })
    expect({ code, err }).toEqual({ code: 0, err: `${path}:\n` })
    expect(out.trimEnd().split('\n')).toHaveLength(2)
    expect(await log()).toContain(out)
    expect((await berth(['logs', '-n', '10000'], { url })).out).toContain('is listening on')

    if ((await whyNoTerminal()) !== undefined) return
    const followed = atTerminal(['logs', '-f', '-n', '0'], [['/api/no-such-path', '\u0003']], { url })
    let ended: number | null | undefined
    void followed.then((outcome) => (ended = outcome.code))
    // Something to tell of, until it was told.
    const happens = async (): Promise<typeof ended> => {
      await fetch(`${url}/api/no-such-path`)
      return ended
    }
    await expect.poll(happens, { timeout: 120_000, interval: 200 }).toBe(130)
  } finally {
    server.kill('SIGKILL')
    await exited
    await file.close()
  }
})
