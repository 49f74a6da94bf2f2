/**
 * The engine's places for requests. llama.cpp's server core puts a request aside for which no slot is free;
 * wllama's loses it: so none may be handed in before a slot is.
 */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** Waits for a free slot, in the order of asking, and has it while `use` runs. */
  async with<T>(use: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    try {
      return await use()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
