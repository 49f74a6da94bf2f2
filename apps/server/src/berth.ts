#!/usr/bin/env node
import { homedir } from 'node:os'
import { runCommand } from './cli/index.js'
import { VERSION } from './version.js'

// Who reads only the first lines, as head does, has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const code = await runCommand(process.argv.slice(2), {
  env: process.env,
  home: homedir(),
  version: VERSION,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  async serve(args) {
    const { serve } = await import('./serve.js')
    await serve(args)
  },
})
// A server says itself how it ended.
if (code !== undefined) process.exitCode = code
