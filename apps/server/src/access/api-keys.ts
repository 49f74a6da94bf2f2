import { createHash, timingSafeEqual } from 'node:crypto'
import { parseKeySettings, type KeySettings } from './key-settings.js'

/** What a key's holder may do: `user` uses models, `admin` changes them too. */
export type Role = 'user' | 'admin'

/** A known caller. */
export interface KeyHolder extends KeySettings {
  readonly name: string
  readonly role: Role
}

interface Entry {
  readonly holder: KeyHolder
  readonly hash: Buffer
}

const LINE = /^(\S+)\s+(user|admin)\s+sha256:([0-9a-f]{64})(?:\s+(.+))?$/i

/**
 * The keys that may call. Only their hashes are known here; keys are long and random, so that a plain
 * SHA-256 cannot be turned back.
 */
export class ApiKeys {
  readonly #entries: readonly Entry[]

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries
  }

  /**
   * Reads lines of `NAME user|admin sha256:HASH [SETTING=VALUE …]` (key-settings.ts has the settings); empty ones
   * and those that begin with # are passed over.
   * @throws Error naming the line, without showing it: somebody may have put a key there.
   */
  static parse(text: string): ApiKeys {
    const entries = text.split(/\r?\n/).flatMap((line, index): Entry[] => {
      const trimmed = line.trim()
      if (trimmed === '' || trimmed.startsWith('#')) return []
      const [, name, role, hash, rest = ''] = LINE.exec(trimmed) ?? []
      if (name === undefined || role === undefined || hash === undefined) {
        throw new Error(`line ${index + 1}: expected "NAME user|admin sha256:<64 hexadecimal digits>"`)
      }
      const holder: KeyHolder = {
        name,
        role: role.toLowerCase() === 'admin' ? 'admin' : 'user',
        ...settingsOf(rest, index + 1),
      }
      return [{ holder, hash: Buffer.from(hash, 'hex') }]
    })
    if (entries.length === 0)
      throw new Error('expected at least one key; leave the setting out to ask for none')
    return new ApiKeys(entries)
  }

  /** Whose key it is. Takes the same time whichever entry matches, and if none does. */
  holder(key: string): KeyHolder | undefined {
    const hash = createHash('sha256').update(key).digest()
    let found: Entry | undefined
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.hash, hash)) found ??= entry
    }
    return found?.holder
  }
}

function settingsOf(text: string, line: number): KeySettings {
  try {
    return parseKeySettings(text.split(/\s+/).filter((word) => word !== ''))
  } catch (error) {
    throw new Error(`line ${line}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
