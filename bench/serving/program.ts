import { spawn } from 'node:child_process'

/** A server program that runs beside the benchmark, in a process of its own. */
export interface Program extends AsyncDisposable {
  readonly pid: number
  /** Everything it wrote so far. */
  log(): string
  /** Resolves with what stands in the pattern's first group. @throws Error when it ends before it says so */
  said(pattern: RegExp): Promise<string>
  /** @throws Error once it has ended, with its last words */
  mustRun(): void
}

/** How long a server may take to leave when it is asked to. */
const LEAVE_MS = 10_000
const LAST_WORDS = 2_000

/** Starts a program; disposing of it ends it and waits until it is gone. */
export function startProgram(
  program: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Program {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withoutSettings(process.env), ...options.env },
    cwd: options.cwd,
  })
  let log = ''
  let ended = false
  const wrote = new Set<() => void>()
  const notify = (): void => {
    for (const listener of wrote) listener()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
      notify()
    })
  }
  child.once('error', (error) => (log += error.message))
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      ended = true
      notify()
      resolve()
    })
  })
  const mustRun = (): void => {
    if (ended) throw new Error(`${program} ended:\n${log.slice(-LAST_WORDS)}`)
  }
  return {
    pid: child.pid ?? -1,
    log: () => log,
    mustRun,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(log)?.[1]
          if (found === undefined && !ended) return
          wrote.delete(look)
          if (found !== undefined) resolve(found)
          else reject(new Error(`${program} ended before it said ${pattern}:\n${log.slice(-LAST_WORDS)}`))
        }
        wrote.add(look)
        look()
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), LEAVE_MS)
      await gone
      clearTimeout(late)
    },
  }
}

/** What a user has set for a server of theirs is not meant for this one. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(BERTH|OLLAMA|LLAMA)_/.test(name)))
}
