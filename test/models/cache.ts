import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where models made or fetched for tests are kept: outside the repository, shared by all checkouts. */
export function cacheFolder(): string {
  return process.env['BERTH_CACHE'] ?? join(homedir(), '.cache', 'berth')
}
