import { kvRowBytes } from './ggml-type.js'
import type { KvShape } from './memory-profile.js'
import type { Bytes, KvType, Tokens } from './units.js'

/** llama.cpp rounds the tokens of a cache up to a multiple of this. */
const PAD = 256

/** Tokens that every slot's KV cache holds where so many were asked for; a window needs no more than itself and a batch. */
export function kvTokensPerSlot(
  contextLength: Tokens,
  slots: number,
  window: Tokens | null = null,
  batchSize: Tokens = 0,
): Tokens {
  const whole = pad(Math.floor(pad(contextLength * slots) / slots))
  return window === null ? whole : pad(Math.min(whole, window + batchSize))
}

/**
 * Bytes of one layer's KV cache for all slots: (K + V elements) · bytes of the type · tokens, where a layer
 * with a sliding window holds no more tokens than the window and one batch (`llama_kv_cache_iswa` in llama.cpp).
 */
export function kvCacheBytes(
  shape: KvShape,
  contextLength: Tokens,
  slots: number,
  type: KvType,
  batchSize: Tokens,
): Bytes {
  const tokens = kvTokensPerSlot(contextLength, slots, shape.window, batchSize)
  return tokens * slots * (kvRowBytes(type, shape.k) + kvRowBytes(type, shape.v))
}

function pad(tokens: Tokens): Tokens {
  return Math.ceil(tokens / PAD) * PAD
}
