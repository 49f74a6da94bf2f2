import type { Command } from 'commander'
import { Client } from './client.js'
import { Output } from './output/output.js'
import { serverUrl } from './server-address.js'
import type { Surroundings } from './surroundings.js'

/** What every command that calls a server may be told. */
export interface CommonOptions {
  readonly host?: string
  readonly json?: boolean
}

/** What a command works with. */
export interface CommandContext {
  readonly around: Surroundings
  readonly out: Output
  readonly client: Client
  readonly json: boolean
  /** Raised at Ctrl-C. */
  readonly interrupted: AbortSignal
}

/** Adds the flags that all commands share. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--host <address>', 'the server (BERTH_HOST, OLLAMA_HOST, else 127.0.0.1:11434)')
    .option('--json', 'answer for programs')
}

export function contextOf(
  around: Surroundings,
  { host, json = false }: CommonOptions,
  interrupted: AbortSignal,
): CommandContext {
  const client = new Client(serverUrl(host, around.env), around.env['BERTH_API_KEY'] || undefined)
  return { around, out: new Output(around), client, json, interrupted }
}
