import type { GgufReader } from './gguf-reader.js'
import type { KvShape } from './memory-profile.js'
import { isRecurrent, hasAttention } from './gguf-recurrent.js'
import type { Tokens } from './units.js'

/** Which layers have a sliding window where the file gives no list of them. */
interface WindowPattern {
  /** Every so manieth layer sees the whole context, where the file gives no period of its own. */
  readonly period: number
  /** Whether the layer with the whole context is the first of each period instead of the last. */
  readonly denseFirst?: boolean
  /** The window that llama.cpp takes whatever the file says. */
  readonly window?: Tokens
}

/** As llama.cpp v0.5.0 sets them for each architecture (`load_swa_pattern` in src/models). */
const WINDOWS: Readonly<Record<string, WindowPattern>> = {
  gemma2: { period: 2 },
  gemma3: { period: 6 },
  gemma3n: { period: 5 },
  'gpt-oss': { period: 2 },
  cohere2: { period: 4 },
  cohere2moe: { period: 4, denseFirst: true },
  olmo2: { period: 4 },
  exaone4: { period: 4 },
  'exaone-moe': { period: 4 },
  llama4: { period: 4, window: 8192 },
  afmoe: { period: 4 },
  plamo3: { period: 8 },
  smallthinker: { period: 4, denseFirst: true },
  laguna: { period: 4, denseFirst: true },
  mellum: { period: 4 },
  'muse-glimmer': { period: 4 },
}

/** Windows that llama.cpp takes where the file names none. */
const DEFAULT_WINDOW: Readonly<Record<string, Tokens>> = { gemma2: 4096, llama4: 8192, 'exaone-moe': 128 }

/** Embedding models, which make no logits. */
const ENCODERS = [
  'bert',
  'jina-bert-v2',
  'jina-bert-v3',
  'nomic-bert',
  'nomic-bert-moe',
  'neo-bert',
  'eurobert',
  'modern-bert',
  'gemma-embedding',
]

/** Models that keep no KV at all: the whole text is one batch. */
const NO_CACHE = new Set([...ENCODERS, 'dream', 'llada', 'llada-moe', 'rnd1'])

/** Whether a model makes vectors and nothing else. */
export function isEncoder({ architecture }: GgufReader): boolean {
  return ENCODERS.includes(architecture)
}

/** Gemma 3n's later layers read the KV of earlier ones; newer files say so by `shared_kv_layers`. */
const OWN_KV_LAYERS: Readonly<Record<string, number>> = { gemma3n: 20 }

/** What a layer puts into the KV cache for each token; null where it keeps nothing there. */
export function attentionOf(reader: GgufReader, layer: number): KvShape | null {
  if (NO_CACHE.has(reader.architecture) || !hasAttention(reader, layer)) return null
  if (layer >= reader.layers - (reader.number('nextn_predict_layers') ?? 0)) return null
  const own =
    OWN_KV_LAYERS[reader.architecture] ?? reader.layers - (reader.number('attention.shared_kv_layers') ?? 0)
  if (layer >= own) return null
  const heads = reader.perLayer('attention.head_count', layer) ?? 0
  const kvHeads = reader.perLayer('attention.head_count_kv', layer) ?? heads
  if (kvHeads === 0) return null
  const window = windowOf(reader, layer)
  // llama.cpp takes the first layer's heads for the head size (n_embd / n_head()), whatever the others have.
  const firstHeads = reader.perLayer('attention.head_count', 0) ?? 0
  const even = firstHeads > 0 ? Math.floor(reader.embedding / firstHeads) : 0
  const k = reader.number('attention.key_length') ?? even
  const v = reader.number('attention.value_length') ?? even
  const isWindow = window !== null
  // With multi-head latent attention V is a part of the latent vector that is cached as K.
  const latent =
    (reader.number('attention.key_length_mla') ?? 0) > 0 &&
    (reader.number('attention.value_length_mla') ?? 0) > 0
  return {
    k: kvHeads * ((isWindow ? reader.number('attention.key_length_swa') : undefined) ?? k),
    v: latent ? 0 : kvHeads * ((isWindow ? reader.number('attention.value_length_swa') : undefined) ?? v),
    window,
  }
}

function windowOf(reader: GgufReader, layer: number): Tokens | null {
  const pattern = WINDOWS[reader.architecture]
  const said = reader.number('attention.sliding_window')
  const window = said === 0 ? 0 : (pattern?.window ?? said ?? DEFAULT_WINDOW[reader.architecture] ?? 0)
  if (window === 0 || isRecurrent(reader, layer)) return null
  const listed = reader.flag('attention.sliding_window_pattern', layer)
  if (listed !== undefined) return listed ? window : null
  if (reader.architecture.startsWith('lfm2')) return window
  // An architecture whose windows llama.cpp does not use (Phi-3, Mistral) has no pattern here.
  if (!pattern) return null
  const period = reader.number('attention.sliding_window_pattern') ?? pattern.period
  if (period === 0) return window
  const whole = pattern.denseFirst === true ? layer % period === 0 : layer % period === period - 1
  return whole ? null : window
}
