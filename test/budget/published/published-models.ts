import type { GgufMetadata, GgufTensor, GgufValue } from '@berth/budget'
import llama70b from './llama-3-70b.q4_k_m.json?raw'
import llama8b from './llama-3-8b.q4_k_m.json?raw'
import qwen14b from './qwen3-14b.q4_k_m.json?raw'
import qwen4b from './qwen3-4b.q4_k_m.json?raw'
import qwen8b from './qwen3-8b.q4_k_m.json?raw'

const FILES = {
  'llama-3-8b': llama8b,
  'llama-3-70b': llama70b,
  'qwen3-4b': qwen4b,
  'qwen3-8b': qwen8b,
  'qwen3-14b': qwen14b,
}

export type PublishedModel = keyof typeof FILES

/** How the files beside this one are written; README.md says where they come from. */
interface Published {
  readonly values: Readonly<Record<string, GgufValue>>
  readonly lengths: Readonly<Record<string, number>>
  readonly tensors: readonly GgufTensor[]
  /** Named without `blk.<layer>.`. */
  readonly inEachLayer: readonly GgufTensor[]
  readonly finerType: {
    readonly type: string
    readonly tensors: readonly string[]
    readonly layers: readonly number[]
  }
}

/** The head of the model's Q4_K_M file. */
export function published(model: PublishedModel): GgufMetadata {
  const { values, lengths, tensors, inEachLayer, finerType }: Published = JSON.parse(FILES[model])
  const layers = Number(values[`${String(values['general.architecture'])}.block_count`])
  const blocks = Array.from({ length: layers }, (_, layer) =>
    inEachLayer.map(({ name, type, shape }) => {
      const isFiner = finerType.layers.includes(layer) && finerType.tensors.includes(name)
      return { name: `blk.${layer}.${name}`, type: isFiner ? finerType.type : type, shape }
    }),
  )
  return { values, lengths, tensors: [...tensors, ...blocks.flat()] }
}
