import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { ndjsonValues } from '@berth/protocol'
import { CliError } from './cli-error.js'

/** What the server answered with a status of 400 or more. */
export class ServerRefused extends CliError {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** A line of a stream that is JSON, of whatever fields. */
export type Line = Readonly<Record<string, unknown>>

type Method = 'GET' | 'HEAD' | 'POST' | 'DELETE'

interface Sent {
  readonly body?: object | undefined
  readonly file?: { readonly path: string; readonly onBytes: (sent: number) => void }
  readonly signal?: AbortSignal | undefined
}

/**
 * The server as the command calls it. Not by `fetch`, which gives up on an answer that does not begin within
 * five minutes: a request may wait longer than that for its turn.
 */
export class Client {
  readonly url: string
  readonly #key: string | undefined

  /** @param url `http://HOST:PORT` @param key for a server that asks for keys. */
  constructor(url: string, key?: string) {
    this.url = url
    this.#key = key
  }

  /** The answer as JSON. @throws ServerRefused, CliError where no server answers. */
  async json<Answer>(method: Method, path: string, body?: object, signal?: AbortSignal): Promise<Answer> {
    const text = await textOf(await this.#ask(method, path, { body, signal }))
    const answer: Answer = text === '' ? {} : JSON.parse(text)
    return answer
  }

  /** The answer's status, whatever it is. */
  async status(method: Method, path: string): Promise<number> {
    const response = await this.#send(method, path, {})
    response.resume()
    return response.statusCode ?? 0
  }

  /** The lines of an answer as they come; one that tells of an error is thrown. @throws ServerRefused */
  async *lines(path: string, body: object, signal?: AbortSignal): AsyncGenerator<Line, void, void> {
    const response = await this.#ask('POST', path, { body, signal })
    response.setEncoding('utf8')
    for await (const value of ndjsonValues(response)) {
      const line: Line = typeof value === 'object' && value !== null ? { ...value } : {}
      if (typeof line['error'] === 'string') throw new CliError(line['error'])
      yield line
    }
  }

  /** An answer that goes on for as long as the server lives, such as an event stream. */
  async text(path: string, signal?: AbortSignal): Promise<AsyncIterable<string>> {
    const response = await this.#ask('GET', path, { signal })
    response.setEncoding('utf8')
    return response
  }

  /** Sends a file as the body. @param onBytes is told how many have been sent. */
  async upload(
    path: string,
    file: string,
    onBytes: (sent: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    await textOf(await this.#ask('POST', path, { file: { path: file, onBytes }, signal }))
  }

  async #ask(method: Method, path: string, sent: Sent): Promise<IncomingMessage> {
    const response = await this.#send(method, path, sent)
    const status = response.statusCode ?? 0
    if (status < 400) return response
    throw new ServerRefused(status, errorIn(await textOf(response), status))
  }

  async #send(method: Method, path: string, { body, file, signal }: Sent): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const size = file === undefined ? undefined : (await stat(file.path)).size
    const ask = this.url.startsWith('https:') ? httpsRequest : httpRequest
    const request = ask(`${this.url}${path}`, {
      method,
      // The process ends when all is said; a connection kept for later would hold it up.
      agent: false,
      ...(signal === undefined ? {} : { signal }),
      headers: {
        ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
        // Said here, for Node leaves the length of a DELETE's body out.
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(size === undefined ? {} : { 'content-type': 'application/octet-stream', 'content-length': size }),
      },
    })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.once('error', (error) => reject(signal?.aborted ? error : this.#explained(error)))
    })
    if (file === undefined) request.end(text)
    else {
      let sent = 0
      const bytes = createReadStream(file.path).on('data', (chunk) => {
        sent += chunk.length
        file.onBytes(sent)
      })
      // A server that refuses answers before it has read all; that answer says why.
      pipeline(bytes, request).catch(() => undefined)
    }
    return await answered
  }

  #explained(error: NodeJS.ErrnoException): CliError {
    const gone = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN', 'ETIMEDOUT', 'ENETUNREACH']
    if (gone.includes(error.code ?? '') || error instanceof AggregateError) return notRunning(this.url, error)
    return new CliError(`${this.url} broke off: ${error.message}`, undefined, { cause: error })
  }
}

function notRunning(url: string, cause: unknown): CliError {
  return new CliError(
    `no server answers at ${url}: start one with "berth serve", or say with --host, BERTH_HOST or OLLAMA_HOST where it runs`,
    undefined,
    { cause },
  )
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) text += String(chunk)
  return text
}

/** Our own and Ollama's errors are `{"error": "…"}`; what is between us and the server may say anything. */
function errorIn(text: string, status: number): string {
  try {
    const { error }: { error?: unknown } = JSON.parse(text)
    if (typeof error === 'string') return error
  } catch {
    // No JSON: the text itself is all there is.
  }
  return text.trim() === '' ? `the server answered with status ${status}` : text.trim().slice(0, 500)
}
