import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface RangeServer extends AsyncDisposable {
  readonly url: string
  /** Bytes of files that were asked for so far. */
  sent(): number
}

/** A server of files that answers range requests. */
export async function rangeServer(files: Readonly<Record<string, string>>): Promise<RangeServer> {
  let sent = 0
  const server = createServer((request, response) => {
    const path = files[request.url ?? '']
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (path === undefined || from === undefined || to === undefined) {
      response.writeHead(404).end()
      return
    }
    void stat(path).then(({ size }) => {
      const end = Math.min(Number(to), size - 1)
      sent += end - Number(from) + 1
      response.writeHead(206, { 'content-range': `bytes ${from}-${end}/${size}` })
      createReadStream(path, { start: Number(from), end }).pipe(response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is one
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    sent: () => sent,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
