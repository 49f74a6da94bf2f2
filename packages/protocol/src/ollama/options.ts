import { z } from 'zod'
import { between, flag, maybe, number, seed, textOrTexts, truncated, wholeFrom } from '../schemas/fields.js'

/** The options of Ollama's native API, as a request's `options` or a model's parameters carry them. */
const shape = {
  num_keep: maybe(truncated),
  seed: maybe(seed),
  num_predict: maybe(truncated),
  // Any number below one keeps all tokens.
  top_k: maybe(truncated.transform((count) => Math.max(0, count))),
  top_p: maybe(between(0, 1)),
  min_p: maybe(between(0, 1)),
  typical_p: maybe(between(0, 1)),
  repeat_last_n: maybe(wholeFrom(-1)),
  temperature: maybe(between(0, 100)),
  repeat_penalty: maybe(between(0, 100)),
  presence_penalty: maybe(between(-100, 100)),
  frequency_penalty: maybe(between(-100, 100)),
  stop: maybe(textOrTexts('expected a list of strings')),
  // 0 leaves the choice to the server.
  num_ctx: maybe(wholeFrom(0).transform((tokens) => (tokens === 0 ? undefined : tokens))),
  num_batch: maybe(truncated),
  num_gpu: maybe(truncated),
  main_gpu: maybe(truncated),
  use_mmap: maybe(flag),
  num_thread: maybe(truncated),
  draft_num_predict: maybe(truncated),
  // Of older versions; clients still send them.
  mirostat: maybe(truncated),
  mirostat_tau: maybe(number),
  mirostat_eta: maybe(number),
  penalize_newline: maybe(flag),
  tfs_z: maybe(number),
  numa: maybe(flag),
  low_vram: maybe(flag),
  f16_kv: maybe(flag),
  logits_all: maybe(flag),
  vocab_only: maybe(flag),
  use_mlock: maybe(flag),
}

/** Unknown options pass: they are warned about and ignored. A wrong type does not. */
export const OllamaOptions = z.looseObject(shape, { error: 'expected a JSON object' })

export type OllamaOptions = Partial<z.output<typeof OllamaOptions>>

/** Those of the options' names that are none. */
export function unknownOptions(options: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(options).filter((name) => !Object.hasOwn(shape, name))
}
