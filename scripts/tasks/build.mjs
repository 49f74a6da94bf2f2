// @ts-check
import { orExplain, SetupError } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { tool } from '../tools/paths.mjs'
import { runCommand } from '../tools/run-command.mjs'
import { isBuilt, sourceStamp, writeStamp } from '../tools/stamp.mjs'

/** `npm run build`: builds the server, whether or not it is stale. */
export async function run() {
  await orExplain(async () => {
    await ensureInstalled()
    await build()
  })
}

/** Builds where a source changed since the last time. */
export async function ensureBuilt() {
  if (!isBuilt()) await build()
}

async function build() {
  const stamp = sourceStamp()
  process.stderr.write('Building the server\n')
  const { code, output } = await runCommand(tool('vite'), ['build', '--logLevel', 'warn'])
  if (code !== 0) throw new SetupError(`The build failed:\n${output}`)
  process.stderr.write(output)
  writeStamp(stamp)
}
