import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { RegistryClient } from '../../../apps/server/src/library/index.js'

/** A registry on this machine that has one model under any name. */
export interface FakeRegistry {
  readonly client: RegistryClient
  /** The paths that were asked for. */
  readonly requests: string[]
  /** The weights' digest. */
  readonly digest: string
}

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * @param instead answers a request in place of the registry when it returns true.
 * @param bounds how long the client waits; its own if left out.
 */
export async function startRegistry(
  weights: string,
  instead: Answer = () => false,
  bounds?: ConstructorParameters<typeof RegistryClient>[1],
): Promise<FakeRegistry> {
  const blobs = new Map<string, string>()
  const put = (type: string, text: string) => {
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
    blobs.set(digest, text)
    return { mediaType: type, digest, size: Buffer.byteLength(text) }
  }
  const model = put('application/vnd.ollama.image.model', weights)
  const layers = [model, put('application/vnd.ollama.image.system', 'Be brief.')]
  const config = put(
    'application/vnd.docker.container.image.v1+json',
    '{"model_format":"gguf","model_family":"llama"}',
  )
  const manifest = JSON.stringify({ schemaVersion: 2, config, layers })

  const requests: string[] = []
  const server = createServer((request, response) => {
    const url = request.url ?? ''
    requests.push(url)
    if (instead(request, response)) return
    if (url.includes('/manifests/')) response.end(manifest)
    else response.end(blobs.get(url.slice(url.lastIndexOf('/') + 1)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- listening on a port, it has one
  const { port } = server.address() as AddressInfo
  return {
    client: new RegistryClient(() => `http://127.0.0.1:${port}`, { tries: 1, ...bounds }),
    requests,
    digest: model.digest,
  }
}
