/** What is known of models whose list tells nothing but their names: their publishers have said it. */
export interface KnownFacts {
  readonly license: string | null
  readonly parameters: number | null
  /** Whether it thinks before it answers. */
  readonly thinks: boolean
}

/** By how names begin; the first that matches counts, so that the exception stands before its rule. */
const LICENSES: readonly (readonly [RegExp, string])[] = [
  [/^deepseek-r1-distill/i, 'mit'],
  [/^phi-/i, 'mit'],
  [/^llama-3\.2/i, 'llama3.2'],
  [/^llama-3\.1/i, 'llama3.1'],
  [/^llama-3/i, 'llama3'],
  [/^llama-2/i, 'llama2'],
  [/^gemma-?[23]?-?\d+b/i, 'gemma'],
  [/^qwen2\.5-(coder-)?3b/i, 'qwen-research'],
  [/^(qwen[23]|smollm2|olmo-2|tinyllama|redpajama|snowflake-arctic-embed)/i, 'apache-2.0'],
  [/^(ministral-3|mistral-7b|openhermes-2\.5-mistral|neuralhermes-2\.5-mistral)/i, 'apache-2.0'],
]

/** Parameters of those whose names leave them out. */
const PARAMETERS: readonly (readonly [RegExp, number])[] = [
  [/^phi-1_5/i, 1.42e9],
  [/^phi-2/i, 2.78e9],
  [/^phi-3\.5-vision/i, 4.15e9],
  [/^phi-(3|3\.5|4)-mini/i, 3.82e9],
  [/^stablelm-2-zephyr-1_6b/i, 1.64e9],
  [/^snowflake-arctic-embed-m/i, 109e6],
  [/^snowflake-arctic-embed-s/i, 33e6],
]

const THINKERS = /deepseek-r1|qwq|qwen3(?!.*instruct)|thinking|reasoning|smollm3|magistral/i

export function knownFacts(name: string): KnownFacts {
  const of = <Value>(list: readonly (readonly [RegExp, Value])[]): Value | null =>
    list.find(([pattern]) => pattern.test(name))?.[1] ?? null
  return { license: of(LICENSES), parameters: of(PARAMETERS), thinks: THINKERS.test(name) }
}
