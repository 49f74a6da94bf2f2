import { getRequestListener } from '@hono/node-server'
import { once } from 'node:events'
import { createServer, ServerResponse, type Server } from 'node:http'
import { urlOf, type ListenAddress } from './config/index.js'

/** Why the server cannot listen, in one sentence with what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** Resolves when the server accepts connections. @throws ListenError */
export async function listen(
  fetch: Parameters<typeof getRequestListener>[0],
  address: ListenAddress,
): Promise<Server> {
  const answer = getRequestListener(fetch)
  const server = createServer(
    { ServerResponse: HeadWithBody },
    (request, response) => void answer(request, response),
  )
  server.keepAliveTimeout = 75_000
  server.listen(address.port, address.hostname)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new ListenError(await explain(error, address), { cause: error })
  }
  return server
}

/**
 * Sends an answer's head with the first of its body, in one packet. An answer begins when there is something
 * to send; a head of its own would only wake the client before that, which costs the first token.
 */
class HeadWithBody extends ServerResponse {
  override flushHeaders(): void {}
}

/** Where it listens: the port is known only now if any free one was asked for. */
export function addressOf(server: Server, { hostname, port }: ListenAddress): ListenAddress {
  const bound = server.address()
  return { hostname, port: typeof bound === 'object' && bound !== null ? bound.port : port }
}

async function explain(error: unknown, address: ListenAddress): Promise<string> {
  const { hostname, port } = address
  const { code, message } =
    error instanceof Error
      ? { code: Reflect.get(error, 'code'), message: error.message }
      : { code: '', message: String(error) }
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken by ${await whoListens(address)}: stop it, or choose another port with --port ${port + 1}`
    case 'EACCES':
      return `Port ${port} may not be used by this user: choose one above 1023 with --port 11434`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${hostname} is no address of this machine: choose another with --host, such as 127.0.0.1 or 0.0.0.0`
    default:
      return `Cannot listen on ${hostname}:${port}: ${message}`
  }
}

/** What the server on a port says of itself. */
async function whoListens({ hostname, port }: ListenAddress): Promise<string> {
  const local = ['0.0.0.0', '::'].includes(hostname) ? '127.0.0.1' : hostname
  const url = urlOf({ hostname: local, port })
  try {
    const ask = async (path: string): Promise<string> => {
      const response = await fetch(url + path, { signal: AbortSignal.timeout(1_000) })
      return (await response.text()).slice(0, 1_000)
    }
    const greeting = await ask('/')
    const versions = await ask('/api/version')
    const named = (field: string): string => {
      const version = new RegExp(`"${field}"\\s*:\\s*"([^"]{1,40})"`).exec(versions)?.[1]
      return version === undefined ? '' : ` ${version}`
    }
    if (greeting.startsWith('Berth is running')) return `another Berth${named('berth')}`
    if (greeting.startsWith('Ollama is running')) return `an Ollama${named('version')}`
    return 'another web server'
  } catch {
    return 'another program'
  }
}
