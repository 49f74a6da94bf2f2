import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { CliError } from '../cli-error.js'
import type { Client } from '../client.js'
import type { Progress } from '../output/progress.js'
import type { Modelfile } from './parse-modelfile.js'

/** Where the parts of a Modelfile are. */
export interface Place {
  /** The folder that paths in it are relative to. */
  readonly folder: string
  readonly home: string
}

/** What `/api/create` is asked for, its files uploaded. @throws CliError for a file that is not there. */
export async function createOrder(
  file: Modelfile,
  place: Place,
  client: Client,
  progress: Progress,
  signal: AbortSignal,
): Promise<object> {
  const send = async (path: string): Promise<readonly [string, string]> => [
    basename(path),
    await uploaded(path, client, progress, signal),
  ]
  const paths = await filesNamed(file.from, place)
  const files: (readonly [string, string])[] = []
  for (const path of paths ?? []) files.push(await send(path))
  const adapters: (readonly [string, string])[] = []
  for (const name of file.adapters) {
    const [path] = (await filesNamed(name, place)) ?? []
    if (path === undefined) throw new CliError(`ADAPTER ${name}: there is no such file`)
    adapters.push(await send(path))
  }
  const { template, system, parameters, messages, licenses } = file
  return {
    ...(paths === undefined ? { from: file.from } : { files: Object.fromEntries(files) }),
    ...(adapters.length === 0 ? {} : { adapters: Object.fromEntries(adapters) }),
    ...(template === undefined ? {} : { template }),
    ...(system === undefined ? {} : { system }),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(messages.length === 0 ? {} : { messages }),
    ...(licenses.length === 0 ? {} : { license: licenses }),
  }
}

/** The files that a text names; undefined where it names none, and so a model. @throws CliError for a path to nothing. */
async function filesNamed(text: string, { folder, home }: Place): Promise<readonly string[] | undefined> {
  const path = text.startsWith('~/') ? join(home, text.slice(2)) : resolve(folder, text)
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) return [path]
  if (found?.isDirectory()) {
    const inside = (await readdir(path)).filter((name) => /\.(gguf|safetensors)$/i.test(name)).toSorted()
    if (inside.length > 0) return inside.map((name) => join(path, name))
  }
  if (/^(\.{0,2}\/|~\/|[a-z]:\\)|\.(gguf|safetensors)$/i.test(text)) {
    throw new CliError(`${text}: there is no such file, or no .gguf file in it`)
  }
  return undefined
}

/** Sends a file unless the server has it. @returns its digest. */
async function uploaded(
  path: string,
  client: Client,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  const name = basename(path)
  const total = (await stat(path)).size
  const hash = createHash('sha256')
  let read = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) {
    hash.update(chunk)
    read += chunk.length
    progress.show(`hash ${path}`, { label: `reading ${name}`, completed: read, total })
  }
  const digest = `sha256:${hash.digest('hex')}`
  const route = `/api/blobs/${digest}`
  if ((await client.status('HEAD', route)) === 200) return digest
  await client.upload(
    route,
    path,
    (completed) => progress.show(`send ${path}`, { label: `sending ${name}`, completed, total }),
    signal,
  )
  return digest
}
