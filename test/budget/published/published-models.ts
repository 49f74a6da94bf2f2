import { readFileSync } from 'node:fs'
import type { GgufMetadata, GgufTensor, GgufValue } from '@berth/budget'

export type PublishedModel = 'llama-3-8b' | 'llama-3-70b' | 'qwen3-4b' | 'qwen3-8b' | 'qwen3-14b'

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
  const path = new URL(`./${model}.q4_k_m.json`, import.meta.url)
  const { values, lengths, tensors, inEachLayer, finerType }: Published = JSON.parse(
    readFileSync(path, 'utf8'),
  )
  const layers = Number(values[`${String(values['general.architecture'])}.block_count`])
  const blocks = Array.from({ length: layers }, (_, layer) =>
    inEachLayer.map(({ name, type, shape }) => {
      const isFiner = finerType.layers.includes(layer) && finerType.tensors.includes(name)
      return { name: `blk.${layer}.${name}`, type: isFiner ? finerType.type : type, shape }
    }),
  )
  return { values, lengths, tensors: [...tensors, ...blocks.flat()] }
}
