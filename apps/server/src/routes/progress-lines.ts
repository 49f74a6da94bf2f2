import { NDJSON_TYPE, ndjsonLine } from '@berth/protocol'
import { SchedulerError } from '@berth/scheduler'
import type { AppContext } from '../app-env.js'
import { failureOf } from '../generate/index.js'
import type { LibraryStatus } from '../library/index.js'
import type { RouteDeps } from './deps.js'

/** Work that tells of its steps, and ends early when the signal is raised. */
export type Work = (report: (status: LibraryStatus) => void, signal: AbortSignal) => Promise<void>

/** Between two lines about the same blob, in milliseconds: progress is for people to look at. */
const LINE_EVERY_MS = 100

/**
 * One answer at the end, or a line for every step; who leaves in the middle ends the work. What fails before
 * its first line is thrown, and gets a status of its own.
 */
export async function progressLines(
  c: AppContext,
  { stopping }: Pick<RouteDeps, 'stopping'>,
  stream: boolean,
  work: Work,
): Promise<Response> {
  const client = c.req.raw.signal
  const left = new AbortController()
  const signal = AbortSignal.any([client, stopping, left.signal])
  const run = async (report: (status: LibraryStatus) => void): Promise<void> => {
    try {
      await work(report, signal)
    } catch (error) {
      throw client.aborted ? new SchedulerError('cancelled', 'the client went away') : error
    }
  }
  if (!stream) {
    await run(() => undefined)
    return c.json({ status: 'success' })
  }
  const log = c.get('log')
  const utf8 = new TextEncoder()
  const body = await new Promise<ReadableStream<Uint8Array>>((resolve, reject) => {
    const lines = new ReadableStream<Uint8Array>({
      start(controller) {
        let begun = false
        const line = (value: object): void => {
          begun = true
          if (!left.signal.aborted) controller.enqueue(utf8.encode(ndjsonLine(value)))
          resolve(lines)
        }
        // Not at once: `lines` has no value before the stream is made.
        void Promise.resolve().then(async () => {
          try {
            await run(thinned(line))
          } catch (error) {
            if (!begun) return reject(error)
            const { message, ours } = failureOf(error)
            if (!signal.aborted) log[ours ? 'error' : 'warn']({ err: error }, `${c.req.path}: ${message}`)
            line({ error: message })
          }
          if (!left.signal.aborted) controller.close()
          resolve(lines)
        })
      },
      cancel() {
        left.abort()
      },
    })
  })
  return c.body(body, 200, { 'Content-Type': NDJSON_TYPE })
}

/** Leaves out lines that only tell of a few bytes more. */
function thinned(line: (status: LibraryStatus) => void): (status: LibraryStatus) => void {
  let last = { key: '', at: 0 }
  return (status) => {
    const { digest = '', completed, total } = 'digest' in status ? status : {}
    const key = `${status.status} ${digest}`
    const now = performance.now()
    if (key === last.key && completed !== total && now - last.at < LINE_EVERY_MS) return
    last = { key, at: now }
    line(status)
  }
}
