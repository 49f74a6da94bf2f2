import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The lines typed in chats, the last one first. The file has them in the order of typing, and is nobody else's to read. */
export class HistoryFile {
  readonly #path: string

  /** @param home the user's home folder. */
  constructor(home: string) {
    this.#path = join(home, '.berth', 'history')
  }

  /** A file that is not there, or cannot be read, is no history. */
  read(): readonly string[] {
    try {
      return readFileSync(this.#path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .toReversed()
    } catch {
      return []
    }
  }

  /** Where it cannot be written, it lasts as long as the chat. */
  write(lines: readonly string[]): void {
    try {
      mkdirSync(dirname(this.#path), { recursive: true })
      writeFileSync(
        this.#path,
        lines
          .toReversed()
          .map((line) => `${line}\n`)
          .join(''),
        { mode: 0o600 },
      )
    } catch {
      // A full disk is no reason to end a conversation.
    }
  }
}
