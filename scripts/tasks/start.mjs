// @ts-check
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { orExplain } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { DIST } from '../tools/paths.mjs'
import { ensureBuilt } from './build.mjs'

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
    await import(pathToFileURL(main).href)
  })
}
