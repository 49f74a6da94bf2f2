// @ts-check
import { orExplain } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { runCommand } from '../tools/run-command.mjs'

/**
 * `npm run webllm-model -- MODEL`: installs what is missing and builds a model for the browser. The work is in
 * tools/webllm-model.
 * @param {readonly string[]} args
 */
export async function run(args) {
  await orExplain(async () => {
    await ensureInstalled()
    const { code } = await runCommand(
      process.execPath,
      ['--import', 'tsx', '-C', 'berth-source', 'tools/webllm-model/src/main.ts', ...args],
      { show: true },
    )
    if (code !== 0) process.exitCode = code
  })
}
