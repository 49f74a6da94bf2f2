import type { ServerResponse } from 'node:http'
import type { FileServer } from '../fixtures/file-server.js'

/** An answer that the test writes, word by word. */
export interface OpenAnswer {
  readonly question: string
  say(text: string): void
  finish(): void
  /** Resolves when the asking side has gone, finished or not. */
  readonly closed: Promise<void>
}

/**
 * Makes a lab's server one that speaks Ollama's API with a single model, whose answers the test writes: when
 * and in which parts is then no matter of luck.
 */
export class ScriptedServer {
  readonly #open: OpenAnswer[] = []
  readonly #waiting: ((answer: OpenAnswer) => void)[] = []
  /** Whether it answers at all. */
  up = true

  constructor(server: FileServer) {
    server.intercept = (request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1')
      if (!pathname.startsWith('/api/')) return false
      if (!this.up) {
        response.destroy()
        return true
      }
      if (pathname === '/api/tags') json(response, { models: [MODEL] })
      else if (pathname === '/api/ps') json(response, { models: [] })
      else if (pathname === '/api/version') json(response, { version: '0.1.0' })
      else if (pathname === '/api/show')
        json(response, { details: {}, model_info: {}, capabilities: ['completion'] })
      else if (pathname === '/api/chat' || pathname === '/api/generate') {
        let body = ''
        request.setEncoding('utf8').on('data', (part: string) => {
          body += part
        })
        request.on('end', () => this.#asked(body, response))
      } else {
        response.writeHead(404).end()
      }
      return true
    }
  }

  /** The next answer that somebody asks for; resolves once it is asked. */
  next(): Promise<OpenAnswer> {
    const answer = this.#open.shift()
    if (answer) return Promise.resolve(answer)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** How many answers were asked for that the test has not taken. */
  get untaken(): number {
    return this.#open.length
  }

  #asked(body: string, response: ServerResponse): void {
    const asked: { messages?: { content: string }[] } = JSON.parse(body)
    const question = asked.messages?.at(-1)?.content
    // A load without a question.
    if (question === undefined) {
      json(response, { model: MODEL.name, done: true, done_reason: 'load', response: '' })
      return
    }
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' })
    response.flushHeaders()
    const line = (value: object): void => {
      response.write(
        `${JSON.stringify({ model: MODEL.name, created_at: new Date().toISOString(), ...value })}\n`,
      )
    }
    const answer: OpenAnswer = {
      question,
      say: (content) => line({ message: { role: 'assistant', content }, done: false }),
      finish: () => {
        line({
          message: { role: 'assistant', content: '' },
          done: true,
          done_reason: 'stop',
          prompt_eval_count: 5,
          eval_count: 3,
          prompt_eval_duration: 1_000_000,
          eval_duration: 1_000_000,
        })
        response.end()
      },
      closed: new Promise((resolve) => response.once('close', () => resolve())),
    }
    const taker = this.#waiting.shift()
    if (taker) taker(answer)
    else this.#open.push(answer)
  }
}

const MODEL = {
  name: 'scripted:1m',
  model: 'scripted:1m',
  modified_at: '2026-01-01T00:00:00Z',
  size: 1_000_000,
  digest: 'abc',
  details: {
    format: 'gguf',
    family: 'llama',
    families: null,
    parameter_size: '1M',
    quantization_level: 'Q8_0',
  },
}

function json(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
}
