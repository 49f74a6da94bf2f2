import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../temporary-folder.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** The engine's builds, 0.7 GB of them: those of this checkout do. */
const BUILDS = 'node_modules/@node-llama-cpp'

/** A bound for slow machines and networks, which nothing waits for. */
const INSTALL_MS = 600_000

const run = promisify(execFile)

it(
  'the packed package works in an empty folder: npx berth, and a server with its page',
  async (context) => {
    const folder = await temporaryFolder()
    const { stdout } = await run(process.execPath, [join(ROOT, 'scripts/package.mjs'), folder], { cwd: ROOT })
    const tarball = stdout.trim().split('\n').at(-1) ?? ''
    expect(tarball).toBe(join(folder, 'berth-0.1.0.tgz'))

    const home = join(folder, 'home')
    await mkdir(home)
    const quick = ['--prefer-offline', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error']
    const env = { ...process.env, NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true' }
    const why = await run('npm', ['install', ...quick, tarball], { cwd: home, env }).then(
      () => undefined,
      (error: unknown) => String(error),
    )
    if (why !== undefined && /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED/.test(why)) {
      context.skip('the package registry cannot be reached')
    }
    expect(why).toBeUndefined()
    const manifest = JSON.parse(await readFile(join(home, 'node_modules/berth/package.json'), 'utf8'))
    expect(manifest).toMatchObject({ name: 'berth', bin: { berth: 'dist/berth.js' } })
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|@berth\/|"private"/)
    await mkdir(join(home, BUILDS))
    for (const build of await readdir(join(ROOT, BUILDS))) {
      await symlink(join(ROOT, BUILDS, build), join(home, BUILDS, build))
    }

    const version = await run('npx', ['berth', '--version'], { cwd: home })
    expect(version.stdout).toBe('berth 0.1.0\n')

    const server = spawn(
      join(home, 'node_modules/.bin/berth'),
      ['serve', '--port', '0', '--first-model', 'off'],
      {
        cwd: home,
        env: { PATH: process.env['PATH'] ?? '', HOME: home },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const exited = once(server, 'exit')
    try {
      let log = ''
      server.stdout.setEncoding('utf8').on('data', (text: string) => (log += text))
      const url = (): string => /is listening on (http:\/\/[^"\s]+)/.exec(log)?.[1] ?? ''
      await expect.poll(url, { timeout: INSTALL_MS }).not.toBe('')
      const answer = async (path: string, accept = '*/*'): Promise<string> =>
        await (await fetch(url() + path, { headers: { accept } })).text()
      expect(JSON.parse(await answer('/api/version'))).toMatchObject({ berth: '0.1.0' })
      expect(await answer('/', 'text/html')).toMatch(/<!doctype html>/i)
      server.kill('SIGTERM')
      expect(await exited).toEqual([0, null])
    } finally {
      server.kill('SIGKILL')
      await exited
    }
  },
  2 * INSTALL_MS,
)
