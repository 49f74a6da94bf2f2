import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer, type Server } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ListenError, listen } from '../../../apps/server/src/listen.js'
import { harness } from './harness.js'

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}

/** Opens a port, and gives it back when the test is over. */
async function open(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    await once(server, 'close')
  })
  return portOf(server)
}

async function refusal(port: number, hostname = '127.0.0.1'): Promise<string> {
  const { app } = harness()
  try {
    const server = await listen(app.fetch, { hostname, port })
    server.close()
    return 'it listens'
  } catch (error) {
    expect(error).toBeInstanceOf(ListenError)
    return error instanceof Error ? error.message : String(error)
  }
}

/** A web server that answers as Ollama does. */
const ollama: RequestListener = (request, response) => {
  response.setHeader('Connection', 'close')
  response.end(request.url === '/api/version' ? '{"version":"0.33.0"}' : 'Ollama is running')
}

describe('a port that is taken', () => {
  it.each<[string, RequestListener]>([
    ['an Ollama 0.33.0', ollama],
    ['another web server', (_, response) => void response.setHeader('Connection', 'close').end('hello')],
  ])('by %s is said to be so, with what to do', async (who, listener) => {
    const port = await open(createHttpServer(listener))
    expect(await refusal(port)).toBe(
      `Port ${port} is taken by ${who}: stop it, or choose another port with --port ${port + 1}`,
    )
  })

  it('by another Berth is said to be so', async () => {
    const { app } = harness()
    const server = await listen(app.fetch, { hostname: '127.0.0.1', port: 0 })
    onTestFinished(async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    })
    const port = portOf(server)
    expect(await refusal(port)).toContain('is taken by another Berth 9.9.9: stop it')
  })

  it('by something that speaks no HTTP is said to be so', async () => {
    const port = await open(createServer((socket) => socket.destroy()))
    expect(await refusal(port)).toContain('is taken by another program: stop it')
  })
})

describe('a server that listens', () => {
  it('bounds how long a request may be on its way, and not how long an answer takes', async () => {
    const { app } = harness()
    const server = await listen(app.fetch, { hostname: '127.0.0.1', port: 0 })
    onTestFinished(async () => {
      server.close()
      await once(server, 'close')
    })
    // Node looks after both bounds itself: they end with the request's last byte.
    expect(server.headersTimeout).toBeGreaterThan(0)
    expect(server.requestTimeout).toBeGreaterThanOrEqual(server.headersTimeout)
    expect(server.requestTimeout).toBeLessThanOrEqual(600_000)
    expect(server.timeout).toBe(0)
  })
})

describe('an address that is not this machine’s', () => {
  it('is said to be so', async () => {
    expect(await refusal(0, '192.0.2.1')).toMatch(
      /192\.0\.2\.1 is no address of this machine: choose another/,
    )
  })
})
