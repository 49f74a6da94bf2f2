import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { smollm2 } from '../../models/index.js'

const START = fileURLToPath(new URL('../../../scripts/start.mjs', import.meta.url))

const run = promisify(execFile)

export interface BerthOptions {
  /** Files to offer, by the names they are to have; a function makes something else of a path. */
  readonly files?: Readonly<Record<string, string | ((path: string) => Promise<void>)>>
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** Whether it gets itself a first model; off unless said otherwise. */
  readonly firstModel?: 'auto' | 'off'
}

/** The server as a user starts it: a process of its own, over a folder of GGUF files. */
export interface BerthProcess {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly pid: number
  /** Its home folder, which goes with it. */
  readonly home: string
  /** Everything it wrote. */
  log(): string
  /** Its children that run now. */
  children(): Promise<readonly number[]>
  kill(signal: NodeJS.Signals): void
  /** Resolves with the exit code, null where a signal ended it. */
  readonly exited: Promise<number | null>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a server and waits for its listening line. Dispose of it when the test is over. */
export async function startBerth(options: BerthOptions = {}): Promise<BerthProcess> {
  const home = await mkdtemp(join(tmpdir(), 'berth-test-'))
  const cleanUp = async (): Promise<void> => await rm(home, { recursive: true, force: true })
  try {
    return await startIn(home, options, cleanUp)
  } catch (error) {
    await cleanUp()
    throw error
  }
}

async function startIn(
  home: string,
  options: BerthOptions,
  cleanUp: () => Promise<void>,
): Promise<BerthProcess> {
  const gguf = join(home, 'gguf')
  await mkdir(gguf)
  for (const [name, file] of Object.entries(options.files ?? { 'smollm2.gguf': await smollm2() })) {
    const path = join(gguf, name)
    await (typeof file === 'string' ? symlink(file, path) : file(path))
  }
  const firstModel = options.firstModel ?? 'off'
  const args = ['--port', '0', '--first-model', firstModel, '--gguf-folders', gguf, '--debug']
  const child = spawn(process.execPath, [START, ...args, ...(options.args ?? [])], {
    // What the user has set for a server of theirs is not meant for this one.
    env: { PATH: process.env['PATH'] ?? '', HOME: home, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  const exited = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null)
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
  }
  const listening = (): string | undefined => /is listening on (http:\/\/[^"\s]+)/.exec(log)?.[1]
  while (listening() === undefined) {
    const ended = await Promise.race([once(child.stdout, 'data').then(() => false), exited.then(() => true)])
    if (ended) throw new Error(`the server ended before it listened:\n${log}`)
  }
  const { pid } = child
  const url = listening()
  if (pid === undefined || url === undefined) throw new Error('the server did not start')
  return {
    url,
    pid,
    home,
    log: () => log,
    children: async () => await childrenOf(pid),
    kill: (signal) => void child.kill(signal),
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
      await cleanUp()
    },
  }
}

/** Every process that runs now. @throws where neither /proc nor ps tells. */
async function processes(): Promise<readonly { readonly pid: number; readonly parent: number }[]> {
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid='])
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .map(([pid = NaN, parent = NaN]) => ({ pid, parent }))
  }
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = ids.map(async (pid) => {
    // One that ended meanwhile has no file any more.
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    // "PID (NAME) STATE PARENT ...", and a name may have blanks and brackets in it.
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
    return parent === undefined ? [] : [{ pid, parent: Number(parent) }]
  })
  return (await Promise.all(found)).flat()
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  return (await processes()).filter(({ parent }) => parent === pid).map((child) => child.pid)
}

/** Whether a process of that id runs. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export async function curl(...args: readonly string[]): Promise<string> {
  return (await run('curl', ['--silent', '--no-buffer', ...args])).stdout
}

export async function post(url: string, body: object): Promise<Response> {
  return await fetch(url, { method: 'POST', body: JSON.stringify(body) })
}
