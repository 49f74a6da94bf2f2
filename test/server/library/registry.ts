import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { RegistryClient } from '../../../apps/server/src/library/index.js'

/** What a registry is to do wrong. Returns whether it has answered. */
export type Fault = (request: IncomingMessage, response: ServerResponse, count: number) => boolean

export interface RegistryOptions {
  readonly weights: Uint8Array
  readonly fault?: Fault
  /** Whether it gives parts of a blob. */
  readonly ranges?: boolean
  /** Whether blobs are had from another address, as from a content network. */
  readonly redirects?: boolean
  /** Whether it wants a token, and gives one to whoever asks. */
  readonly tokens?: boolean
}

/** A registry on this machine, with one model of any name: real HTTP with ranges, redirects and tokens. */
export async function startRegistry(options: RegistryOptions) {
  const blobs = new Map<string, Uint8Array>()
  const put = (mediaType: string, bytes: Uint8Array) => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    blobs.set(digest, bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const model = put('application/vnd.ollama.image.model', options.weights)
  const system = put('application/vnd.ollama.image.system', Buffer.from('Be brief.'))
  const head = { model_format: 'gguf', model_family: 'llama', model_type: '1M', file_type: 'F16' }
  const config = put('application/vnd.docker.container.image.v1+json', Buffer.from(JSON.stringify(head)))
  const manifest = JSON.stringify({ schemaVersion: 2, config, layers: [model, system] })

  /** What was asked for: path and range. */
  const requests: string[] = []
  let sent = 0
  const server = createServer((request, response) => {
    const { url = '', headers } = request
    requests.push([url, headers.range ?? ''].join(' ').trim())
    if (options.fault?.(request, response, requests.length)) return
    if (url.startsWith('/token')) {
      response.end(JSON.stringify({ token: 'let-me-in' }))
      return
    }
    if (options.tokens && !url.startsWith('/elsewhere') && headers.authorization !== 'Bearer let-me-in') {
      const challenge = `Bearer realm="${base()}/token",service="registry",scope="repository:pull"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
      return
    }
    if (url.includes('/manifests/')) {
      response.end(manifest)
      return
    }
    const digest = url.slice(url.lastIndexOf('/') + 1)
    const blob = blobs.get(digest)
    if (blob === undefined) {
      response.writeHead(404).end()
    } else if (options.redirects && !url.startsWith('/elsewhere')) {
      response.writeHead(307, { location: `${base()}/elsewhere/${digest}` }).end()
    } else {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
      if (from === undefined || options.ranges === false) {
        response.end(blob)
        sent += blob.length
        return
      }
      const part = blob.subarray(Number(from), Number(to) + 1)
      const range = `bytes ${from}-${to}/${blob.length}`
      response.writeHead(206, { 'content-range': range, 'content-length': part.length }).end(part)
      sent += part.length
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const base = (): string => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- listening on a port, it has one
    const { port } = server.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }
  return {
    base: base(),
    client: (bounds: ConstructorParameters<typeof RegistryClient>[1] = {}) =>
      new RegistryClient(() => base(), { firstDelayMs: 1, ...bounds }),
    requests,
    digest: model.digest,
    /** Bytes of blobs that went out. */
    sent: () => sent,
  }
}
