/** How the command ends: shells and scripts read it. `slower` and `tooLarge` are of `berth fit`. */
export const EXIT = { ok: 0, failed: 1, usage: 2, slower: 3, tooLarge: 4, interrupted: 130 } as const

/** What the user is told in a sentence, without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.failed, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
