// @ts-check
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ensureChromium } from '../tools/chromium.mjs'
import { orExplain, SetupError } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { ROOT, tool } from '../tools/paths.mjs'
import { runCommand } from '../tools/run-command.mjs'
import { ensureBuilt } from './build.mjs'

const FOLDER = join(ROOT, 'docs', 'images')
/** They are kept in git: small ones only. */
const MOST_BYTES = 150_000

/** `npm run screenshots`: takes the README's pictures anew, of the real page and server, into docs/images. */
export async function run() {
  await orExplain(async () => {
    await ensureInstalled()
    await ensureBuilt()
    const noBrowser = await ensureChromium()
    if (noBrowser !== undefined) throw new SetupError(`No screenshots: ${noBrowser}`)
    const config = join('test', 'web', 'screenshots', 'playwright.config.ts')
    const { code } = await runCommand(tool('playwright'), ['test', '--config', config], { show: true })
    if (code !== 0) throw new SetupError('The screenshots are not all taken; what is said above tells why.')
    for (const name of readdirSync(FOLDER)) {
      const { size } = statSync(join(FOLDER, name))
      process.stdout.write(`docs/images/${name} ${Math.round(size / 1000)} kB\n`)
      if (size > MOST_BYTES)
        throw new SetupError(`${name} is too big to be kept in git (most: ${MOST_BYTES} bytes).`)
    }
  })
}
