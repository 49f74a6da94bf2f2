import { createServer } from 'node:net'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { startProgram, type Program } from './program.js'

export interface LlamaServerOptions {
  readonly modelPath: string
  readonly slots: number
  /** Tokens of each slot. */
  readonly contextLength: number
  readonly threads: number
}

export interface LlamaServer extends AsyncDisposable {
  readonly url: string
  readonly program: Program
}

/** Between two looks whether it is ready. */
const LOOK_MS = 100

/** llama.cpp's own server, given by its path, with one model; resolves when it answers. */
export async function startLlamaServer(path: string, options: LlamaServerOptions): Promise<LlamaServer> {
  const { modelPath, slots, contextLength, threads } = options
  const port = await freePort()
  const args = [
    '--model',
    modelPath,
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--parallel',
    String(slots),
    '--ctx-size',
    String(slots * contextLength),
    '--threads',
    String(threads),
    '--threads-batch',
    String(threads),
  ]
  const program = startProgram(path, args)
  const url = `http://127.0.0.1:${port}`
  try {
    while (!(await answers(`${url}/health`))) {
      program.mustRun()
      await wait(LOOK_MS)
    }
    return { url, program, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
  } catch (error) {
    await program[Symbol.asyncDispose]()
    throw error
  }
}

/** It listens before it has loaded, and says so with a status of its own. */
async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

/** A port that nobody uses at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}
