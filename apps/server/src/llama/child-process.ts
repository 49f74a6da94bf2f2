import { type ChildProcess as NodeChild, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { asFromChild } from './check-messages.js'
import type { FromChild, ToChild } from './protocol.js'

/** How a child ended. */
export interface ChildExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of what it wrote to its standard error: a native crash says there why. */
  readonly lastWords: string
}

export interface ChildOptions {
  /** Added to the server's own environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly onMessage: (message: FromChild) => void
  /** A message that makes no sense: a bug, or another version's child. */
  readonly onNonsense: (error: Error) => void
}

/** Characters of standard error that are kept. */
const LAST_WORDS = 2_000

/** How long what a dead child wrote may take to arrive. */
const STDERR_MS = 250

/** A child process of the llama backend, with its channel. */
export class Child {
  readonly #process: NodeChild
  #lastWords = ''
  /** Resolves, never rejects, when the process is gone and its memory with it. */
  readonly exited: Promise<ChildExit>

  constructor(options: ChildOptions) {
    const { path, execArgv } = childEntry()
    this.#process = fork(path, [], {
      execArgv,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        ...process.env,
        // ggml starts and joins its workers anew whenever a graph comes from another thread: with one there is no other.
        UV_THREADPOOL_SIZE: '1',
        ...options.env,
      },
    })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS)
    })
    this.#process.on('message', (raw) => {
      try {
        options.onMessage(asFromChild(raw))
      } catch (error) {
        options.onNonsense(error instanceof Error ? error : new Error(String(error)))
      }
    })
    this.exited = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        // It could not be started; where it could, 'exit' comes as well.
        this.#lastWords += error.message
        if (this.#process.pid === undefined) resolve({ code: null, signal: null, lastWords: this.#lastWords })
      })
      // 'close' comes after 'exit', when the last of its standard error is read; no descendant may hold that up.
      this.#process.once('exit', () => setTimeout(() => this.#process.stderr?.destroy(), STDERR_MS).unref())
      this.#process.once('close', (code, signal) =>
        resolve({ code, signal, lastWords: this.#lastWords.trim() }),
      )
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** To a child that is gone it does nothing: `exited` tells. */
  send(message: ToChild): void {
    if (this.#process.connected) this.#process.send(message, undefined, {}, () => {})
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#process.kill(signal)
  }
}

/** In words: "it was killed by SIGKILL", and what the child said last. */
export function describeExit({ code, signal, lastWords }: ChildExit): string {
  const how =
    signal !== null
      ? `was killed by ${signal}`
      : code !== null
        ? `ended with exit code ${code}`
        : 'could not be started'
  const last = tellingLine(lastWords)
  return last === null ? how : `${how} (${last})`
}

/** The line that says what went wrong, else the last one. */
function tellingLine(words: string): string | null {
  const lines = words.split('\n').flatMap((line) => line.trim() || [])
  return (
    lines.findLast((line) => /error|assert|exception|failed|what\(\)/i.test(line)) ?? lines.at(-1) ?? null
  )
}

/** The built child lies beside the built server. From sources, Node needs help with TypeScript. */
function childEntry(): { readonly path: string; readonly execArgv: string[] } {
  if (!import.meta.url.endsWith('.ts')) {
    return { path: fileURLToPath(new URL('llama-child.js', import.meta.url)), execArgv: [] }
  }
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm')).href
  return {
    path: fileURLToPath(new URL('child/main.ts', import.meta.url)),
    execArgv: ['--conditions=berth-source', '--import', loader],
  }
}
