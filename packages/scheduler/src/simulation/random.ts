/**
 * Numbers that look random and are the same for a seed everywhere: SFC32 (Doty-Humphrey's small fast counting
 * generator, of PractRand), 32 bits at a time.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #count = 1

  /** @param seed any whole number; its lower 32 bits count. */
  constructor(seed: number) {
    this.#a = 0
    this.#b = 0
    this.#c = seed | 0
    for (let i = 0; i < 15; i += 1) this.#next()
  }

  /** From 0, below 1. */
  uniform(): number {
    return this.#next() / 2 ** 32
  }

  /** With mean 1: what lies between the events of a Poisson process of rate 1. */
  exponential(): number {
    return -Math.log(1 - this.uniform())
  }

  /** With mean 0 and variance 1, by Box and Muller. */
  normal(): number {
    return Math.sqrt(2 * this.exponential()) * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Another stream of numbers, so that more of one kind of them does not change those of another. */
  fork(): Random {
    return new Random(this.#next())
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }
}
