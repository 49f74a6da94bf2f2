import { z } from 'zod'
import { parseKeepAlive } from '../formats/go-duration.js'

const RIGHT = 'expected a number of seconds or a duration such as "5m", "1h30m" or "-1"'

/** `keep_alive`, parsed to milliseconds; negative stays for ever. */
export const keepAliveMs = z.union([z.number(), z.string()], { error: RIGHT }).transform((value, context) => {
  const ms = parseKeepAlive(value)
  if (ms !== undefined) return ms
  context.addIssue({ code: 'custom', message: RIGHT })
  return z.NEVER
})
