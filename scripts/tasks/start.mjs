// @ts-check
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { orExplain } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { DIST } from '../tools/paths.mjs'
import { ensureBuilt } from './build.mjs'

/** How often the parent is looked for. */
const PARENT_MS = 500

/**
 * `npm start`: installs what is missing, builds what is stale, and becomes the server: in this very
 * process, so that signals, exit codes and the terminal are the server's own.
 * @param {readonly string[]} args the server's
 */
export async function run(args) {
  await orExplain(async () => {
    await ensureInstalled()
    await ensureBuilt()
    const main = join(DIST, 'main.js')
    process.argv = [process.execPath, main, ...args]
    process.setSourceMapsEnabled(true)
    if (process.env['npm_lifecycle_event'] !== undefined) endWithParent()
    await import(pathToFileURL(main).href)
  })
}

/**
 * A signal sent to npm ends the shell between npm and this process, and gets no further: without this,
 * the server would stay behind and keep the port.
 */
function endWithParent() {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, PARENT_MS)
  watch.unref()
}
