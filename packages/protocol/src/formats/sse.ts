import { linesOf } from './lines.js'

export const SSE_TYPE = 'text/event-stream'

/** One event of a server-sent event stream. `event` is `message` where the sender names none. */
export interface ServerSentEvent {
  readonly event: string
  readonly data: string
  readonly id?: string
}

/** An event as it goes over the wire. Data of several lines is sent as several `data` fields, as the format asks. */
export function sseEvent(data: string, event?: string, id?: string | number): string {
  const head = (id === undefined ? '' : `id: ${id}\n`) + (event === undefined ? '' : `event: ${event}\n`)
  const body = data.includes('\n') ? data.split('\n').join('\ndata: ') : data
  return `${head}data: ${body}\n\n`
}

/** A line that readers pass over; keeps an idle connection from being taken for dead. */
export const sseComment = (text: string): string => `: ${text}\n\n`

/**
 * The events of a stream that arrives in pieces. An event cut off by the stream's end is dropped, as browsers do.
 * @param limit most characters of an event. @throws RangeError for a longer one.
 */
export async function* sseEvents(
  chunks: AsyncIterable<string>,
  limit = Infinity,
): AsyncGenerator<ServerSentEvent, void, void> {
  let data: string[] = []
  let size = 0
  let event = 'message'
  let id: string | undefined
  for await (const line of linesOf(chunks, limit)) {
    if (line === '') {
      if (data.length > 0) yield { event, data: data.join('\n'), ...(id === undefined ? {} : { id }) }
      data = []
      size = 0
      event = 'message'
      continue
    }
    size += line.length
    if (size > limit) throw new RangeError(`an event of more than ${limit} characters`)
    const colon = line.indexOf(':')
    if (colon === 0) continue
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id') id = value
  }
}
