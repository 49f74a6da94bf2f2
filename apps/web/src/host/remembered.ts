import { LearnedMemory } from '@berth/budget'
import type { Bytes } from '@berth/budget'
import { get, set } from 'idb-keyval'
import { learnedCeiling } from './budgets.js'
import type { Ceilings } from './machine.js'

const LEARNED = 'learned-memory'
const CEILINGS = 'memory-ceilings'

/** What was learned of this machine's memory, kept for the next host. What cannot be stored only costs the knowledge. */
export class Remembered {
  readonly memory: LearnedMemory
  #ceilings: Ceilings

  private constructor(memory: LearnedMemory, ceilings: Ceilings) {
    this.memory = memory
    this.#ceilings = ceilings
  }

  static async read(): Promise<Remembered> {
    try {
      const [learned, ceilings] = await Promise.all([get<unknown>(LEARNED), get<unknown>(CEILINGS)])
      return new Remembered(LearnedMemory.fromJSON(learned), ceilingsFrom(ceilings))
    } catch {
      return new Remembered(new LearnedMemory(), {})
    }
  }

  get ceilings(): Ceilings {
    return this.#ceilings
  }

  async saveMemory(): Promise<void> {
    await set(LEARNED, this.memory.toJSON()).catch(() => undefined)
  }

  /** Takes note that so many bytes in all were too much. */
  async tooMuch(key: string, reserved: Bytes): Promise<void> {
    this.#ceilings = { ...this.#ceilings, [key]: learnedCeiling(this.#ceilings[key] ?? null, reserved) }
    await set(CEILINGS, this.#ceilings).catch(() => undefined)
  }
}

function ceilingsFrom(data: unknown): Ceilings {
  if (typeof data !== 'object' || data === null) return {}
  return Object.fromEntries(
    Object.entries(data).filter(
      (entry): entry is [string, Bytes] => Number.isSafeInteger(entry[1]) && Number(entry[1]) > 0,
    ),
  )
}
