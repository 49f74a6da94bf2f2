import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GgufMetadata } from '@berth/budget'
import { TOOL } from './places.js'
import { UnsupportedModelError } from './tool-error.js'

/** By llama.cpp's names: the ways in which tokenizers split text before they look for tokens. */
const PRE_TOKENIZERS = Object.keys(JSON.parse(readFileSync(join(TOOL, 'pre-tokenizers.json'), 'utf8')))

const LAYER_TENSORS = [
  'attn_norm',
  'attn_q',
  'attn_k',
  'attn_v',
  'attn_output',
  'ffn_norm',
  'ffn_gate',
  'ffn_up',
  'ffn_down',
]

/** Besides those of the layers; with whether a model may do without. */
const OTHER_TENSORS: Readonly<Record<string, 'needed' | 'optional'>> = {
  'token_embd.weight': 'needed',
  'output_norm.weight': 'needed',
  'output.weight': 'optional',
  'rope_freqs.weight': 'optional',
}

/**
 * Lets a model through that the tool can build, from its head alone.
 * @throws UnsupportedModelError that names what is not supported.
 */
export function assertSupported(metadata: GgufMetadata): void {
  const why =
    architectureProblem(metadata) ??
    tokenizerProblem(metadata) ??
    scalingProblem(metadata) ??
    tensorProblem(metadata)
  if (why !== undefined) throw new UnsupportedModelError(why)
}

function architectureProblem({ values }: GgufMetadata): string | undefined {
  const architecture = values['general.architecture']
  if (architecture !== 'llama') {
    return `its architecture is ${JSON.stringify(architecture ?? null)}, and this tool builds "llama" only`
  }
  if (Number(values['llama.expert_count'] ?? 0) > 0) {
    return `it is a mixture of ${String(values['llama.expert_count'])} experts, which this tool does not build`
  }
  if (Number(values['llama.pooling_type'] ?? 0) > 0) {
    return 'it is a model for embeddings, and this tool builds models that write'
  }
  return undefined
}

function tokenizerProblem({ values }: GgufMetadata): string | undefined {
  const kind = values['tokenizer.ggml.model']
  if (kind !== 'gpt2' && kind !== 'llama') {
    return `its tokenizer is of the kind ${JSON.stringify(kind ?? null)}, and this tool knows "gpt2" and "llama"`
  }
  const pre = values['tokenizer.ggml.pre'] ?? 'default'
  if (kind === 'gpt2' && !PRE_TOKENIZERS.includes(String(pre))) {
    return `its tokenizer splits text by the rules ${JSON.stringify(pre)}, and this tool knows ${PRE_TOKENIZERS.join(', ')}`
  }
  return undefined
}

function scalingProblem({ values }: GgufMetadata): string | undefined {
  const scaling = values['llama.rope.scaling.type'] ?? 'none'
  // Llama 3's way comes as a tensor of factors and has no name here.
  if (scaling === 'none' || scaling === 'linear') return undefined
  return `it scales RoPE by ${JSON.stringify(scaling)}; this tool knows linear scaling and Llama 3's factors`
}

function tensorProblem({ tensors, values }: GgufMetadata): string | undefined {
  const layers = Number(values['llama.block_count'] ?? 0)
  const known = new Map<string, 'needed' | 'optional'>(Object.entries(OTHER_TENSORS))
  for (let layer = 0; layer < layers; layer++) {
    for (const name of LAYER_TENSORS) known.set(`blk.${layer}.${name}.weight`, 'needed')
  }
  const unknown = tensors.find(({ name }) => !known.has(name))
  if (unknown !== undefined) return `it has a tensor ${unknown.name}, which this tool has no place for`
  const names = new Set(tensors.map(({ name }) => name))
  const missing = [...known].find(([name, need]) => need === 'needed' && !names.has(name))
  return missing === undefined ? undefined : `it lacks the tensor ${missing[0]}`
}
