import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../temporary-folder.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

it('npm start’s server ends when the shell between npm and it is killed', async () => {
  const shell = spawn('sh', ['-c', `'${process.execPath}' scripts/start.mjs; true`], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      npm_lifecycle_event: 'start',
      BERTH_HOST: '127.0.0.1',
      BERTH_PORT: '0',
      BERTH_MODELS: await temporaryFolder(),
      BERTH_FIRST_MODEL: 'off',
    },
  })
  let said = ''
  shell.stdout.setEncoding('utf8')
  for await (const text of shell.stdout) {
    said += text
    // The server holds the other end of this pipe: the loop ends when the server has.
    if (said.includes('is listening on')) shell.kill('SIGKILL')
  }
  expect(said).toMatch(/listening on http:\/\/127\.0\.0\.1:\d+/)
  expect(said).toContain('SIGTERM: no new requests')
  if (shell.exitCode === null && shell.signalCode === null) await once(shell, 'exit')
})
