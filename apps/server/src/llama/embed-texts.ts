import type { GgufMetadata, Tokens } from '@berth/budget'

/** How long a text may be that a model makes a vector of. */
export interface EmbedTexts {
  /** Tokens in one decode call at most. */
  readonly batchSize: Tokens
  /** Tokens of a text at most, those that the model wants around it included. */
  readonly limit: (contextLength: Tokens) => Tokens
}

/** Tokens in one call where a text may take several: the engine's own default. */
const BATCH = 512
/** A text that has to be read in one call; this bounds what the buffers for it take. */
const MOST_AT_ONCE = 8_192

/** llama.cpp's numbers of the ways to make one vector of all tokens' (`llama_pooling_type`) that the last call's tokens alone would spoil. */
const OVER_ALL: ReadonlySet<unknown> = new Set([1, 2, 4])

/**
 * A model whose tokens look at each other both ways (BERT) has to have a whole text in one call, and so has
 * one whose vector is made of all tokens'. Others read a text in parts, up to the context.
 */
export function embedTexts({ values }: GgufMetadata): EmbedTexts {
  const architecture = String(values['general.architecture'])
  const encodes = values[`${architecture}.attention.causal`] === false
  const trained = Number(values[`${architecture}.context_length`] ?? BATCH)
  const most = Math.max(1, Math.min(trained, MOST_AT_ONCE))
  // An encoder has no cache; of one, the engine keeps the last place free.
  if (encodes) return { batchSize: most, limit: (context) => Math.min(context, most) }
  if (OVER_ALL.has(values[`${architecture}.pooling_type`])) {
    return { batchSize: most, limit: (context) => Math.min(context - 1, most) }
  }
  return { batchSize: BATCH, limit: (context) => context - 1 }
}
