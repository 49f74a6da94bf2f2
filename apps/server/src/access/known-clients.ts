import { isLoopbackAddress } from './host-check.js'
import { clientOf, type AppContext } from '../app-env.js'
import { mayAdminister } from './guard.js'

/**
 * Whose requests a caller may see: names of keys, or addresses where there are no keys. Where there are keys an
 * administrator sees all, else who calls from this machine does; everybody sees their own.
 */
export function mayKnow(c: AppContext): (client: string) => boolean {
  const own = clientOf(c)
  const address = c.env?.incoming?.socket.remoteAddress
  const all =
    c.get('holder') === undefined ? address === undefined || isLoopbackAddress(address) : mayAdminister(c)
  return (client) => all || client === own
}
