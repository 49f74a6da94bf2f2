// @ts-check

/** Something that the user can do something about: its message is all there is to say. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError'
}

/**
 * Runs a task; where set-up fails, prints the one sentence and sets the exit code.
 * @param {() => Promise<void>} task
 */
export async function orExplain(task) {
  try {
    await task()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
