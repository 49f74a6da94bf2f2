import type { Tokens } from '@berth/budget'
import type { RunProgress } from './backend.js'
import type { Metrics } from './piece.js'

/**
 * What one request has cost so far, in tokens, told as it is computed: about its prompt when it starts, exactly
 * when its engine says how long the prompt is, each token of the answer as it comes, and what the engine counted
 * in the end. Each call returns what is to be charged beside what was charged before, which may be negative.
 * A prompt's part that came from the KV cache costs nothing; what is computed again after a loss costs no more.
 */
export class Spending {
  #prompt = 0
  #answer = 0

  started(promptTokens: Tokens): Tokens {
    return this.#now(Math.max(promptTokens, this.#prompt), this.#answer)
  }

  progress(progress: RunProgress): Tokens {
    switch (progress.phase) {
      case 'waiting':
        return 0
      case 'prompt':
        return this.#now(progress.of, this.#answer)
      case 'decode':
        return this.#now(this.#prompt, Math.max(progress.tokens, this.#answer))
    }
  }

  finished({ promptTokens, cachedTokens, decodedTokens }: Metrics): Tokens {
    return this.#now(promptTokens - cachedTokens, decodedTokens)
  }

  #now(prompt: Tokens, answer: Tokens): Tokens {
    const more = prompt + answer - this.#prompt - this.#answer
    this.#prompt = prompt
    this.#answer = answer
    return more
  }
}
