import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

interface TensorRecord {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'uint32'
  readonly nbytes: number
  readonly byteOffset: number
}

interface TensorCache {
  readonly records: readonly { readonly dataPath: string; readonly records: readonly TensorRecord[] }[]
}

const GROUP = 32

/** The weights of a model directory, read as its `tensor-cache.json` says, by nothing of what wrote them. */
export async function convertedWeights(folder: string): Promise<Map<string, Float32Array | Uint32Array>> {
  const cache: TensorCache = JSON.parse(await readFile(join(folder, 'tensor-cache.json'), 'utf8'))
  const weights = new Map<string, Float32Array | Uint32Array>()
  for (const { dataPath, records } of cache.records) {
    const bytes = await readFile(join(folder, dataPath))
    for (const { name, dtype, byteOffset, nbytes } of records) {
      const part = Uint8Array.from(bytes.subarray(byteOffset, byteOffset + nbytes)).buffer
      weights.set(name, dtype === 'uint32' ? new Uint32Array(part) : new Float32Array(part))
    }
  }
  return weights
}

/** A matrix as floats, with the step of each weight's group: 0 where it is stored as floats. */
export function matrixOf(
  weights: ReadonlyMap<string, Float32Array | Uint32Array>,
  name: string,
  bits: number,
): { readonly values: Float32Array; readonly steps: Float32Array } {
  const part = (suffix: string): Float32Array | Uint32Array => {
    const found = weights.get(`${name}.${suffix}`)
    if (found === undefined) throw new Error(`there is no ${name}.${suffix}`)
    return found
  }
  if (bits === 0) {
    const values = Float32Array.from(part('weight'))
    return { values, steps: new Float32Array(values.length) }
  }
  const [codes, scale, minimum] = [part('q_weight'), part('q_scale'), part('q_min')]
  const perWord = 32 / bits
  const values = new Float32Array(codes.length * perWord)
  const steps = new Float32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const word = codes[Math.floor(i / perWord)] ?? 0
    const code = (word >>> ((i % perWord) * bits)) & ((1 << bits) - 1)
    const group = Math.floor(i / GROUP)
    steps[i] = scale[group] ?? Number.NaN
    values[i] = code * (scale[group] ?? Number.NaN) + (minimum[group] ?? Number.NaN)
  }
  return { values, steps }
}
