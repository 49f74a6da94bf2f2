import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProgram, type Program } from './program.js'

export const MAIN = fileURLToPath(new URL('../../apps/server/dist/main.js', import.meta.url))

/** The command, as it is built. */
export const BERTH = fileURLToPath(new URL('../../apps/server/dist/berth.js', import.meta.url))

/** The line that a user waits for. */
export const LISTENING = /is listening on (http:\/\/[^"\s]+)/

/** A home and a folder with models in it; nothing of the user's own is read. */
export interface Home extends AsyncDisposable {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** @param models their files by their names; one alone is called `bench`. */
export async function makeHome(models: string | Readonly<Record<string, string>>): Promise<Home> {
  const home = await mkdtemp(join(tmpdir(), 'berth-bench-'))
  const gguf = join(home, 'gguf')
  await mkdir(gguf)
  for (const [name, path] of Object.entries(typeof models === 'string' ? { bench: models } : models)) {
    await symlink(path, join(gguf, `${name}.gguf`))
  }
  return {
    args: ['--port', '0', '--first-model', 'off', '--gguf-folders', gguf],
    env: { HOME: home },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  }
}

export interface BerthServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly program: Program
}

/** The built server, as a user's would run, with one model called `bench`. */
export async function startBerth(modelPath: string, args: readonly string[] = []): Promise<BerthServer> {
  const home = await makeHome(modelPath)
  const program = startProgram(process.execPath, [MAIN, ...home.args, ...args], { env: home.env })
  const stop = async (): Promise<void> => {
    await program[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  }
  try {
    return { url: await program.said(LISTENING), program, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}
