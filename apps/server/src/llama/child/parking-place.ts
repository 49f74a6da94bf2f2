import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Id } from '../protocol.js'
import type { Generation } from './generation.js'

export interface ParkedGeneration {
  readonly generation: Generation
  /** The KV of what was evaluated; null where there was nothing. */
  readonly file: string | null
}

/** Keeps jobs that were set aside, their KV in files of a folder that goes with the child: whoever of child and server lives longer removes it. */
export class ParkingPlace {
  readonly #parked = new Map<Id, ParkedGeneration>()
  readonly #folder: string
  #files = 0

  /** @param folder need not be there yet. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Where to save a KV. */
  nextFile(): string {
    // What somebody asked stays with whoever runs the server.
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    return join(this.#folder, `${this.#files++}.kv`)
  }

  /** Keeps it; gives the bytes that it takes. */
  put(id: Id, parked: ParkedGeneration): number {
    this.#parked.set(id, parked)
    return parked.file === null ? 0 : statSync(parked.file).size
  }

  take(id: Id): ParkedGeneration | null {
    const parked = this.#parked.get(id) ?? null
    this.#parked.delete(id)
    return parked
  }

  /** Keeps the job, its random numbers too, and computes its tokens again. */
  forget(id: Id): void {
    const parked = this.#parked.get(id)
    if (parked === undefined) return
    this.#parked.set(id, { ...parked, file: null })
    removeParkedFile(parked.file)
  }

  /** Synchronous and final: for the moment before the process ends. */
  clear(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export function removeParkedFile(file: string | null): void {
  if (file !== null) rmSync(file, { force: true })
}
