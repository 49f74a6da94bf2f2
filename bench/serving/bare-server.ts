import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

/**
 * The least that a server with its engine in a child can be: JSON in by HTTP, a message to the child, which
 * computes for as long as it is told, a message back, a line out by HTTP. What it takes beyond the computing
 * is the price of the way itself on this machine: two sockets, two processes, four wake-ups.
 */
interface Job {
  readonly computeMs: number
}

const CHILD = 'child'

if (process.argv[2] === CHILD) {
  process.on('message', ({ computeMs }: Job) => {
    const end = performance.now() + computeMs
    while (performance.now() < end);
    process.send?.({ type: 'text', text: 'Paris' })
  })
  process.on('disconnect', () => process.exit())
} else {
  const child = fork(fileURLToPath(import.meta.url), [CHILD], { serialization: 'advanced' })
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.once('end', () => {
      const job: Job = JSON.parse(body)
      child.once('message', (piece) => response.end(`${JSON.stringify(piece)}\n`))
      child.send(job)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  process.stdout.write(`is listening on http://127.0.0.1:${port}\n`)
}
