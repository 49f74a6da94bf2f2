import { Agent, request, type IncomingMessage } from 'node:http'

/** What came back, and when. Times are by `performance.now()`. */
export interface Timed {
  /** Just before the request was handed to the socket. */
  readonly sentAt: number
  readonly chunks: readonly { readonly at: number; readonly text: string }[]
  readonly endedAt: number
}

/** Connections that stay open between requests, as clients keep them. */
export const keptOpen = (): Agent => new Agent({ keepAlive: true, noDelay: true })

/** Sends JSON. @throws Error for any status but 200 */
export async function post(agent: Agent, url: string, body: object): Promise<Timed> {
  return await send(agent, 'POST', url, JSON.stringify(body))
}

/** @throws Error for any status but 200 */
export async function get(agent: Agent, url: string): Promise<string> {
  return textOf(await send(agent, 'GET', url, ''))
}

export const textOf = ({ chunks }: Pick<Timed, 'chunks'>): string => chunks.map(({ text }) => text).join('')

function send(agent: Agent, method: string, url: string, payload: string): Promise<Timed> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }
    const outgoing = request(url, { method, agent, headers }, (response) => {
      received(response).then((got) => {
        if (response.statusCode === 200) resolve({ sentAt, ...got })
        else reject(new Error(`${url}: ${response.statusCode}: ${textOf(got)}`))
      }, reject)
    })
    outgoing.once('error', reject)
    const sentAt = performance.now()
    outgoing.end(payload)
  })
}

function received(response: IncomingMessage): Promise<Omit<Timed, 'sentAt'>> {
  return new Promise((resolve, reject) => {
    const chunks: { at: number; text: string }[] = []
    response.setEncoding('utf8')
    response.on('data', (text: string) => chunks.push({ at: performance.now(), text }))
    response.once('error', reject)
    response.once('end', () => resolve({ chunks, endedAt: performance.now() }))
  })
}
