import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'

export const MODEL = 'steady'

export interface TokenServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
}

/** An OpenAI-compatible server without an engine: its one model says so many tokens, so many a second. */
export async function startTokenServer(tokens: number, perSecond: number): Promise<TokenServer> {
  const server = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.setHeader('Access-Control-Allow-Headers', '*')
    if (request.method === 'OPTIONS') response.writeHead(204).end()
    else if (request.url === '/v1/models') response.end(JSON.stringify({ data: [{ id: MODEL }] }))
    else if (request.url === '/v1/chat/completions') {
      request.resume()
      say(response, tokens, perSecond)
    } else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** By the clock, not by a timer a token: a late timer is made up for. */
function say(response: ServerResponse, tokens: number, perSecond: number): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  const begun = performance.now()
  let said = 0
  const timer = setInterval(() => {
    const due = Math.min(tokens, Math.floor(((performance.now() - begun) / 1_000) * perSecond))
    for (; said < due; said += 1) response.write(chunk(word(said)))
    if (said < tokens && !response.destroyed) return
    clearInterval(timer)
    response.end(`${chunk('', 'stop')}data: [DONE]\n\n`)
  }, 5)
}

/** Prose with some Markdown in it: paragraphs, bold words, a list and a piece of code now and then. */
function word(index: number): string {
  if (index % 200 === 199) return '\n\n```js\nconst sum = (a, b) => a + b\n```\n\n'
  if (index % 60 === 59) return '\n\n- '
  if (index % 40 === 39) return '.\n\n'
  return index % 15 === 14 ? ' **harbour**' : ' quay'
}

function chunk(content: string, finish: string | null = null): string {
  const choice = { index: 0, delta: { content }, finish_reason: finish }
  return `data: ${JSON.stringify({ id: 'bench', object: 'chat.completion.chunk', model: MODEL, choices: [choice] })}\n\n`
}
