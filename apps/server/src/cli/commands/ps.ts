import type { BerthQueueResponse, OllamaPsResponse } from '@berth/protocol'
import { ServerRefused, type Client } from '../client.js'
import type { CommandContext } from '../command-context.js'
import { fileSize, span, until } from '../output/words.js'

type Loaded = OllamaPsResponse['models'][number]

/** What is in memory, and who waits for what. */
export async function ps({ client, out, json }: CommandContext): Promise<void> {
  const [{ models }, line] = await Promise.all([
    client.json<OllamaPsResponse>('GET', '/api/ps'),
    queueOf(client),
  ])
  if (json) return out.json({ models, ...line })
  out.table([
    ['NAME', 'ID', 'SIZE', 'PROCESSOR', 'CONTEXT', 'STATE', 'UNTIL'],
    ...models.map((model) => [
      model.name,
      model.digest.slice(0, 12),
      fileSize(model.size),
      processorOf(model),
      String(model.context_length),
      stateOf(line, model.name),
      until(model.expires_at, Date.now()),
    ]),
  ])
  if (line.queue.length === 0) return
  out.line()
  out.table([
    ['PLACE', 'REQUEST', 'MODEL', 'CLASS', 'CLIENT', 'WAITING', 'STARTS', 'WHY'],
    ...line.queue.map(rowOf),
  ])
}

function rowOf(waiting: BerthQueueResponse['queue'][number]): string[] {
  const { position, request, model, class: kind, client, since, expected_start: start, why } = waiting
  const now = Date.now()
  return [
    String(position),
    request,
    model,
    kind,
    client ?? '',
    span(now - Date.parse(since)),
    start === null ? '' : until(start, now),
    why,
  ]
}

/** An Ollama has no such route; it tells of no queue either. */
async function queueOf(client: Client): Promise<BerthQueueResponse> {
  try {
    return await client.json<BerthQueueResponse>('GET', '/api/queue')
  } catch (error) {
    if (error instanceof ServerRefused && error.status === 404) return { policy: '', runners: [], queue: [] }
    throw error
  }
}

function processorOf({ size, size_vram }: Loaded): string {
  if (size_vram <= 0) return '100% CPU'
  if (size_vram >= size) return '100% GPU'
  const gpu = Math.round((size_vram / size) * 100)
  return `${100 - gpu}%/${gpu}% CPU/GPU`
}

function stateOf({ runners }: BerthQueueResponse, name: string): string {
  const runner = runners.find(({ model }) => model === name)
  if (runner === undefined) return ''
  const { state, running, slots, pinned } = runner
  const busy = running > 0 ? `${state} ${running}/${slots}` : state
  return pinned ? `${busy}, pinned` : busy
}
