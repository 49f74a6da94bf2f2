// @ts-check
import { spawn } from 'node:child_process'
import { ROOT } from './paths.mjs'

/**
 * @typedef {object} CommandResult
 * @property {number} code 0 is success; a signal counts as 1, a program that is not there as 127
 * @property {string} output standard output and error as they came, where they were captured
 */

/**
 * Runs a program in the repository's folder and waits for it.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ show?: boolean, env?: Record<string, string> }} [options] `show` passes the output on as it comes
 * @returns {Promise<CommandResult>}
 */
export function runCommand(program, args, { show = false, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    })
    let output = ''
    for (const [from, to] of /** @type {const} */ ([
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ])) {
      from.setEncoding('utf8')
      from.on('data', (text) => {
        output += text
        if (show) to.write(text)
      })
    }
    child.once('error', (error) => resolve({ code: 127, output: `${program}: ${error.message}\n` }))
    child.once('close', (code) => resolve({ code: code ?? 1, output }))
  })
}
