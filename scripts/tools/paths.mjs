// @ts-check
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** The built server. */
export const DIST = join(ROOT, 'apps', 'server', 'dist')
/** The built page. */
export const WEB_DIST = join(ROOT, 'apps', 'web', 'dist')

/**
 * A development tool's program, as installed.
 * @param {string} name
 */
export function tool(name) {
  return join(ROOT, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name)
}
