import { explain } from '@berth/protocol'
import { SchedulerError, type RequestClass, type Ticket } from '@berth/scheduler'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { z } from 'zod'
import { classOf, readJson, type ServiceTier } from '../access/index.js'
import { clientOf, type AppContext } from '../app-env.js'
import {
  RequestError,
  failureOf,
  settledWithin,
  streamOf,
  type Answer,
  type Caller,
  type Failure,
  type StreamEncoder,
} from '../generate/index.js'
import type { RouteDeps } from './deps.js'
import { familyOf } from './families.js'

/** The request's body by its schema. @throws RequestError that names every field that is not right. */
export async function readBody<Schema extends z.ZodType>(
  c: AppContext,
  schema: Schema,
  { bodyLimit }: RouteDeps,
): Promise<z.output<Schema>> {
  // As in Go, null is an object with nothing in it.
  const body = (await readJson(c, bodyLimit)) ?? {}
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const bad = explain(parsed.error, body)
  throw new RequestError('bad-request', bad.map(({ message }) => message).join('; '), bad[0]?.field || null)
}

/**
 * Who made the request, and how urgent it is; the answer says which class it has become.
 * @throws RequestError for a header that names no class
 */
export function callerOf(
  c: AppContext,
  { scheduler, correlation, contextLength, clientLimits }: RouteDeps,
  body: { readonly priority?: RequestClass | undefined; readonly service_tier?: ServiceTier | undefined },
): Caller {
  const log = c.get('log')
  const holder = c.get('holder')
  const header = c.req.header('x-berth-priority')
  const requestClass = classOf({ header, priority: body.priority, tier: body.service_tier }, holder)
  c.header('X-Berth-Class', requestClass)
  return {
    client: clientOf(c),
    class: requestClass,
    limits: { ...clientLimits, ...holder?.limits },
    signal: c.req.raw.signal,
    submit: (request) =>
      told(
        c,
        correlation.submit(c.get('requestId'), request, (it) => scheduler.submit(it)),
      ),
    warn: (message) => log.warn(message),
    contextLength,
  }
}

/** Has the answer's head say which request it was, which place it was given and how long it waited. */
function told(c: AppContext, ticket: Ticket): Ticket {
  c.header('X-Berth-Request', ticket.id)
  const position = ticket.waiting()?.position
  if (position !== undefined) c.header('X-Berth-Position', String(position))
  void ticket.granted.then(
    ({ waitedMs }) => {
      // A head that was sent already says no more.
      if (!c.finalized) c.header('X-Berth-Waited-Ms', String(Math.round(waitedMs)))
    },
    () => undefined,
  )
  return ticket
}

/**
 * Waits for what goes on whether the client stays or not, and no longer than the client does.
 * @throws SchedulerError `cancelled`, which nobody is there to read
 */
export async function whileClientStays(c: AppContext, work: Promise<void>): Promise<void> {
  const { signal } = c.req.raw
  const settled = new AbortController()
  const gone = new Promise<never>((_resolve, reject) => {
    const leave = (): void => reject(new SchedulerError('cancelled', 'the client went away'))
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { signal: settled.signal })
  })
  try {
    await Promise.race([work, gone])
  } finally {
    settled.abort()
  }
}

/** How long a stream's head is held back, so that what fails soon has a status of its own. */
const HEAD_MS = 2_000

/**
 * Sends an answer as it comes. What fails before its first piece is thrown, and gets a status of its own. Where the
 * family has comments, whoever waits for longer is told meanwhile; what fails then is told in the stream.
 */
export async function streamed(
  c: AppContext,
  contentType: string,
  answer: Answer,
  encoder: StreamEncoder,
): Promise<Response> {
  if (encoder.comment === undefined || (await settledWithin(answer.begun(), HEAD_MS))) await answer.begun()
  const log = c.get('log')
  const stream = streamOf(answer, encoder, (failure, error) => {
    log[failure.ours ? 'error' : 'warn'](detailOf(failure, error), `the answer broke off: ${failure.message}`)
  })
  return c.body(stream, 200, { 'Content-Type': contentType, 'Cache-Control': 'no-cache' })
}

/** The answer to anything thrown, in the shape of the path's API family. */
export function errorResponse(c: AppContext, error: unknown): Response {
  const failure = failureOf(error)
  if (failure.ours) c.get('log').error(detailOf(failure, error), failure.message)
  if (failure.status === 503 || failure.status === 429)
    c.header('Retry-After', String(retryAfterSeconds(failure)))
  if (failure.status === 401) c.header('WWW-Authenticate', 'Bearer')
  // 499 is in no standard, and so not in Hono's type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return c.json(familyOf(c.req.path).errorBody(failure), failure.status as ContentfulStatusCode)
}

/** An error that is one of ours says all in its message; of any other the stack is all there is. */
const detailOf = (failure: Failure, error: unknown): object =>
  failure.code === 'internal' ? { err: error } : { code: failure.code }

/** What another server asked for is passed on; a second is soon enough where nobody knows. */
function retryAfterSeconds({ retryAfterMs }: Failure): number {
  return Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1_000))
}
