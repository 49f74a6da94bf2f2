import type { Backend } from './backend.js'
import { SchedulerError } from './errors.js'
import { readModel } from './known-model.js'
import type { KnownModel, Line } from './line.js'

/** Reads what is known of lines' models; of two readings of one line only the later one counts. */
export class ModelReader {
  readonly #backends: readonly Backend[]
  readonly #told: (line: Line, outcome: KnownModel | SchedulerError) => void

  constructor(
    backends: readonly Backend[],
    told: (line: Line, outcome: KnownModel | SchedulerError) => void,
  ) {
    this.#backends = backends
    this.#told = told
  }

  read(line: Line): void {
    line.reading += 1
    const reading = line.reading
    const done = (outcome: KnownModel | SchedulerError) => {
      if (line.reading !== reading) return
      line.reading = 0
      this.#told(line, outcome)
    }
    readModel(this.#inOrder(line), line.model, line.purpose).then(done, (error: unknown) => {
      // `readModel` throws nothing else; what else comes is a mistake of ours and must be seen.
      if (!(error instanceof SchedulerError)) throw error
      done(error)
    })
  }

  /** The backends in the order of preference; behind them the one that has just failed, and last who refused the head. */
  #inOrder({ avoided, waiting }: Line): readonly Backend[] {
    const refusedBy = waiting.first?.refusedBy ?? []
    if (avoided === null && refusedBy.length === 0) return this.#backends
    const rank = (one: Backend): number =>
      refusedBy.some(({ backend }) => backend === one) ? 2 : one === avoided ? 1 : 0
    return this.#backends.toSorted((a, b) => rank(a) - rank(b))
  }
}
