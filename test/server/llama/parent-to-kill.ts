import { load, backendOver, raw } from './harness.js'

// A server in small: loads the model that it is given, works, tells its child's process id, and is killed.
const runner = await load(backendOver({ model: process.argv[2]! }), 'model', { contextLength: 2048 })
const run = runner.start(raw('one two three four '.repeat(400), { maxTokens: 1000 }))
run.onProgress(() => process.send?.(runner.pid))
await runner.ended
