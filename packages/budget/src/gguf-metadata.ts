/** A metadata value of a GGUF file; 64-bit integers arrive as numbers. */
export type GgufValue = string | number | boolean | readonly (string | number | boolean)[]

/** One tensor of a GGUF file. */
export interface GgufTensor {
  readonly name: string
  /** Elements per dimension, innermost (the row length) first, as in the file. */
  readonly shape: readonly number[]
  /** By ggml's name in upper case: `F16`, `Q4_K`. */
  readonly type: string
}

/**
 * The head of a GGUF file as plain data: what it says of itself, and its tensors without their contents.
 * A model split over several files is one head with the tensors of all.
 */
export interface GgufMetadata {
  /** Keys as in the file (`llama.block_count`). Long lists are left out and counted in `lengths`. */
  readonly values: Readonly<Record<string, GgufValue>>
  /** How many entries the lists have that `values` leaves out (`tokenizer.ggml.tokens`). */
  readonly lengths: Readonly<Record<string, number>>
  readonly tensors: readonly GgufTensor[]
}
