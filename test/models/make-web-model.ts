import { smollm2, webLlmModel, whyNoWebModels } from './index.js'

// What `npm test` runs beside the first tests: the compiler, its runtime and the model that most browser tests
// need are minutes of work on a fresh machine, and nothing at all later.
try {
  const why = await whyNoWebModels()
  if (why === undefined) await webLlmModel({ gguf: await smollm2() })
} catch (error) {
  process.stderr.write(
    `The model for the browser is not to be had, and tests that need it will fail: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exitCode = 1
}
