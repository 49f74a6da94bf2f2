/** One figure that a benchmark found. */
export interface Measure {
  /** What was measured, the benchmark's own name first: `decision/1000-waiting`. */
  readonly name: string
  readonly value: number
  /** `tokens/s`, `ms`, `ratio` … */
  readonly unit: string
  /** Everything that it depends on: model, threads, counts. */
  readonly settings: Readonly<Record<string, string | number | boolean>>
}

/** What `npm run bench` was asked for. A benchmark is a file of this folder that exports `run(options): Promise<Measure[]>`. */
export interface BenchOptions {
  /** A llama-server program to compare with, in the same run. */
  readonly llamaServer?: string
}
