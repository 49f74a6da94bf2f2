import { BackendError } from '@berth/scheduler'
import type * as z from 'zod/mini'
import { shortened } from './remote-errors.js'

/** A frame's value by its schema. @throws BackendError `engine` that shows what came instead. */
export function parsedFrame<Schema extends z.ZodMiniType>(
  server: string,
  frame: string,
  schema: Schema,
): z.output<Schema> {
  let value: unknown
  try {
    value = JSON.parse(frame)
  } catch (error) {
    throw noAnswer(server, frame, error)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw noAnswer(server, frame, parsed.error)
  return parsed.data
}

function noAnswer(server: string, frame: string, cause: unknown): BackendError {
  const message = `${server} sent what is no part of an answer: ${JSON.stringify(shortened(frame))}`
  return new BackendError('engine', message, { cause })
}
