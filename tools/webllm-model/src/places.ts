import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this tool: its Python and what that is compiled with. */
export const TOOL = fileURLToPath(new URL('..', import.meta.url))

/** Where the Python environment and everything compiled is kept: outside the repository, shared by all checkouts. */
export function cacheFolder(): string {
  return join(process.env['BERTH_CACHE'] ?? join(homedir(), '.cache', 'berth'), 'webllm-model')
}
