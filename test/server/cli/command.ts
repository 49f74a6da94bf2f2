import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

/** The command as it is built. */
export const BERTH = fileURLToPath(new URL('../../../apps/server/dist/berth.js', import.meta.url))

const TERMINAL = fileURLToPath(new URL('in-terminal.py', import.meta.url))

export interface CommandOptions {
  /** Whom to call. */
  readonly url?: string
  /** The user's home folder. */
  readonly home?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What comes in a pipe; absent: nothing does. */
  readonly input?: string
}

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the command to its end, as a process of its own. */
export async function berth(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return await outcomeOf([process.execPath, BERTH, ...args], options)
}

/** What to wait for on the screen, and what to type then. */
export type Step = readonly [shown: string, typed: string]

/** Runs the command at a terminal of 24 rows and 100 columns, with somebody who does the steps in their order. */
export async function atTerminal(
  args: readonly string[],
  steps: readonly Step[],
  options: CommandOptions = {},
): Promise<Outcome> {
  const input = steps.map((step) => `${JSON.stringify(step)}\n`).join('')
  return await outcomeOf(['python3', TERMINAL, process.execPath, BERTH, ...args], { ...options, input })
}

/** Why nothing can be run at a terminal here; undefined where it can. */
export async function whyNoTerminal(): Promise<string | undefined> {
  const needs = 'import pty, fcntl, termios, os; os.waitstatus_to_exitcode(0); os.close(pty.openpty()[0])'
  return await promisify(execFile)('python3', ['-c', needs]).then(
    () => undefined,
    () => 'there is no python3 with pseudo-terminals on this machine',
  )
}

async function outcomeOf(
  [program = '', ...args]: readonly string[],
  { url, home, env, cwd, input }: CommandOptions,
): Promise<Outcome> {
  const child = spawn(program, args, {
    cwd,
    // What the user has set for a server of theirs is not meant for this one.
    env: {
      PATH: process.env['PATH'] ?? '',
      TERM: 'xterm',
      ...(url === undefined ? {} : { BERTH_HOST: url }),
      ...(home === undefined ? {} : { HOME: home }),
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // One that waits for what does not come is not to outlive its test.
  onTestFinished(() => void child.kill('SIGKILL'))
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.end(input)
  const [code]: (number | null)[] = await once(child, 'close')
  return { code: code ?? null, out, err }
}
