import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { sseEvents, type BerthProcessResponse } from '@berth/protocol'
import { CliError } from '../cli-error.js'
import type { Client } from '../client.js'
import type { CommandContext } from '../command-context.js'

export interface LogsOptions {
  readonly follow?: boolean
  readonly lines: number
}

/** How often a file is looked at that is followed. */
const LOOK_MS = 300
/** A line of a log is seldom longer; the end of the file is read in blocks of as many. */
const BLOCK = 64 * 1024

/** Where the running server's log goes; its last lines where they can be read; with `follow`, what comes after. */
export async function logs(context: CommandContext, { follow = false, lines }: LogsOptions): Promise<void> {
  const { client, out, json, interrupted } = context
  const { pid, log } = await client.json<BerthProcessResponse>('GET', '/api/berth/process')
  if (json && !follow) return out.json({ pid, ...log })
  if (log.kind === 'file' && log.path !== undefined) {
    out.note(`${log.path}:`)
    return await tail(log.path, lines, follow ? interrupted : undefined, (text) => out.write(text))
  }
  if (log.kind === 'journal') {
    return await journal(
      [`_PID=${pid}`, '-n', String(lines), ...(follow ? ['-f'] : ['--no-pager'])],
      interrupted,
    )
  }
  out.note(WHERE[log.kind])
  if (follow) await events(client, interrupted, (line) => out.line(line))
}

const WHERE: Readonly<Record<BerthProcessResponse['log']['kind'], string>> = {
  file: 'The log goes to a file, whose name this system does not tell; -f follows what happens.',
  journal: 'The log goes to the journal.',
  terminal: 'The log goes to the terminal where the server was started; -f follows what happens.',
  pipe: 'The log goes to the program that started the server; -f follows what happens.',
  nowhere: 'The log goes nowhere; -f follows what happens.',
  unknown: 'Where the log goes this system does not tell; -f follows what happens.',
}

/** The last lines of a file, and, until the signal, what is added to it. */
async function tail(
  path: string,
  lines: number,
  until: AbortSignal | undefined,
  write: (text: string) => void,
): Promise<void> {
  let file: FileHandle
  try {
    file = await open(path)
  } catch (error) {
    throw new CliError(`${path} cannot be read here: ${String(error)}`, undefined, { cause: error })
  }
  try {
    let at = await beginningOfLast(file, lines)
    for (;;) {
      const { size } = await file.stat()
      // A file that has become shorter was emptied, and begins anew.
      if (size < at) at = 0
      while (at < size) {
        const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(BLOCK), position: at })
        if (bytesRead === 0) break
        write(buffer.toString('utf8', 0, bytesRead))
        at += bytesRead
      }
      if (until === undefined || until.aborted) return
      await wait(LOOK_MS, undefined, { signal: until }).catch(() => undefined)
      if (until.aborted || (await stat(path).catch(() => undefined)) === undefined) return
    }
  } finally {
    await file.close()
  }
}

/** Where the last so many lines of a file begin. */
async function beginningOfLast(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat()
  if (lines === 0) return size
  let missing = lines
  let end = size
  while (end > 0) {
    const start = Math.max(0, end - BLOCK)
    const { buffer } = await file.read({ buffer: Buffer.alloc(end - start), position: start })
    for (let at = buffer.length - 1; at >= 0; at--) {
      // The end of the very last line begins no other.
      if (buffer[at] !== 10 || start + at === size - 1) continue
      missing--
      if (missing === 0) return start + at + 1
    }
    end = start
  }
  return 0
}

async function journal(args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn('journalctl', args, { stdio: ['ignore', 'inherit', 'inherit'] })
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  try {
    const [code]: unknown[] = await once(child, 'exit')
    if (code !== 0 && !signal.aborted) throw new CliError(`journalctl ended with ${String(code)}`)
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError(
      `the log is in the journal, and journalctl cannot be started: ${String(error)}`,
      undefined,
      {
        cause: error,
      },
    )
  }
}

/** What happens in the server, in words, as long as it lives. */
async function events(client: Client, signal: AbortSignal, say: (line: string) => void): Promise<void> {
  try {
    for await (const { event, data } of sseEvents(await client.text('/api/events', signal))) {
      if (event === 'snapshot') continue
      const {
        model,
        why,
        at: _at,
        seq: _seq,
        type: _type,
        ...rest
      }: Record<string, unknown> = JSON.parse(data)
      const more = Object.entries(rest).flatMap(([key, value]) =>
        typeof value === 'string' || typeof value === 'number' ? [`${key} ${value}`] : [],
      )
      const words = [event, model, why, ...more].filter((part) => typeof part === 'string')
      say(`${new Date().toISOString()} ${words.join(' · ')}`)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
