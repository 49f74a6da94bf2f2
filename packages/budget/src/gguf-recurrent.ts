import type { GgufReader } from './gguf-reader.js'
import type { Bytes } from './units.js'

/** Architectures without attention (`llm_arch_is_recurrent` in llama.cpp). */
const RECURRENT = new Set(['mamba', 'mamba2', 'rwkv6', 'rwkv6qwen2', 'rwkv7', 'arwkv7'])

/** Those whose recurrent layers are the ones with no KV heads (`llm_arch_is_hybrid`). */
const BY_KV_HEADS = new Set([
  'jamba',
  'plamo2',
  'granitehybrid',
  'lfm2',
  'lfm2moe',
  'kimi-linear',
  'bailingmoe3',
  'kimi-k3',
])

/** Those in which every so manieth layer has attention, the others being recurrent. */
const BY_INTERVAL = new Set(['qwen3next', 'qwen35', 'qwen35moe', 'qwen4exp', 'minimax-01'])

const NEMOTRON = new Set(['nemotron_h', 'nemotron_h_moe'])

/** Falcon-H1 has both in every layer. */
const BOTH = 'falcon-h1'

/** llama.cpp keeps recurrent state as 32-bit floats, whatever the KV type. */
const STATE_ELEMENT: Bytes = 4

/** Whether the layer keeps a state instead of (or, in Falcon-H1, beside) KV. */
export function isRecurrent(reader: GgufReader, layer: number): boolean {
  const { architecture } = reader
  if (RECURRENT.has(architecture) || architecture === BOTH) return true
  if (layer >= reader.layers - (reader.number('nextn_predict_layers') ?? 0)) return false
  const kvHeads = reader.perLayer('attention.head_count_kv', layer)
  if (BY_KV_HEADS.has(architecture)) return kvHeads === 0
  if (NEMOTRON.has(architecture)) return kvHeads === 0 && reader.perLayer('feed_forward_length', layer) === 0
  if (!BY_INTERVAL.has(architecture)) return false
  const listed = reader.flag('attention.recurrent_layers', layer)
  return listed ?? (layer + 1) % (reader.number('full_attention_interval') ?? 4) !== 0
}

export function hasAttention(reader: GgufReader, layer: number): boolean {
  if (reader.architecture === BOTH) return true
  if (NEMOTRON.has(reader.architecture) && reader.perLayer('feed_forward_length', layer) !== 0) return false
  return !isRecurrent(reader, layer)
}

/** A recurrent layer's state for one slot: convolution and scan state (`n_embd_r` + `n_embd_s` in llama.cpp). */
export function recurrentStateBytes(reader: GgufReader, layer: number): Bytes {
  if (!isRecurrent(reader, layer)) return 0
  return (convolution(reader) + scan(reader)) * STATE_ELEMENT
}

function convolution(reader: GgufReader): number {
  const wkv = reader.number('wkv.head_size') ?? 0
  if (wkv > 0) return (reader.number('token_shift_count') ?? 2) * reader.embedding
  const short = reader.number('shortconv.l_cache') ?? 0
  if (short > 0) return reader.embedding * (short - 1)
  const kernel = reader.number('ssm.conv_kernel') ?? 0
  const kda = reader.number('kda.head_dim') ?? 0
  if (kda > 0) return 3 * (kernel > 0 ? kernel - 1 : 3) * heads(reader) * kda
  const groups = 2 * (reader.number('ssm.group_count') ?? 0) * (reader.number('ssm.state_size') ?? 0)
  return Math.max(0, kernel - 1) * ((reader.number('ssm.inner_size') ?? 0) + groups)
}

function scan(reader: GgufReader): number {
  const wkv = reader.number('wkv.head_size') ?? 0
  if (wkv > 0) return reader.embedding * wkv
  const kda = reader.number('kda.head_dim') ?? 0
  if (kda > 0) return kda * kda * heads(reader)
  return (reader.number('ssm.state_size') ?? 0) * (reader.number('ssm.inner_size') ?? 0)
}

function heads(reader: GgufReader): number {
  return reader.perLayer('attention.head_count', 0) ?? 0
}
