import { createHash, randomUUID } from 'node:crypto'
import { access, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from './cache.js'
import { ALIGNMENT, ggufHeader, type GgufTensor, type GgufValue } from './gguf-writer.js'
import { LAYOUT, Random, randomWeights, weightBytes, type WeightType } from './random-weights.js'

interface WeightTensor extends GgufTensor {
  /** Random ones of a type, or these. */
  readonly weights: WeightType | Float32Array
  readonly elements: number
}

/** What a file is to have in it. */
export interface GgufPlan {
  readonly metadata: ReadonlyMap<string, GgufValue>
  readonly tensors: TensorPlan
  /** Of the random weights. */
  readonly seed: number
  /** A tensor that begins with so many bytes of zeros. */
  readonly zeroed?: { readonly tensor: string; readonly bytes: number }
}

/** The tensors of a file, each with its place. */
export class TensorPlan {
  readonly list: WeightTensor[] = []
  #offset = 0

  /** @param dimensions fastest first: a row's length, then the number of rows. */
  add(name: string, weights: WeightType | Float32Array, ...dimensions: number[]): void {
    const elements = dimensions.reduce((product, length) => product * length, 1)
    const stored = typeof weights === 'string' ? weights : 'F32'
    this.list.push({ name, dimensions, type: LAYOUT[stored].type, offset: this.#offset, weights, elements })
    this.#offset += Math.ceil(weightBytes(stored, elements) / ALIGNMENT) * ALIGNMENT
  }
}

/** Metadata as it is put together. */
export class MetadataPlan {
  readonly map = new Map<string, GgufValue>()

  u32(key: string, value: number): void {
    this.map.set(key, { type: 'u32', value })
  }

  f32(key: string, value: number): void {
    this.map.set(key, { type: 'f32', value })
  }

  bool(key: string, value: boolean): void {
    this.map.set(key, { type: 'bool', value })
  }

  text(key: string, value: string): void {
    this.map.set(key, { type: 'string', value })
  }

  texts(key: string, value: readonly string[]): void {
    this.map.set(key, { type: 'strings', value })
  }

  numbers(key: string, type: 'i32s' | 'f32s', value: readonly number[]): void {
    this.map.set(key, { type, value })
  }
}

/**
 * The path of the file of this key, planned and written on first use.
 * @param key everything that the file depends on, as JSON.
 */
export async function cachedGguf(title: string, key: unknown, plan: () => GgufPlan): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 16)
  const folder = join(cacheFolder(), 'random')
  const path = join(folder, `${title}-${hash}.gguf`)
  if (await exists(path)) return path
  await mkdir(folder, { recursive: true })
  // Written aside and renamed: callers at the same time write the same bytes, and the last one wins.
  const aside = `${path}.${process.pid}.${randomUUID()}`
  try {
    await write(plan(), aside)
    await rename(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
  return path
}

async function write({ metadata, tensors, seed, zeroed }: GgufPlan, path: string): Promise<void> {
  const random = new Random(seed)
  const file = await open(path, 'wx')
  try {
    await file.writeFile(ggufHeader(metadata, tensors.list))
    for (const tensor of tensors.list) {
      let written = 0
      const chunks =
        typeof tensor.weights === 'string'
          ? randomWeights(tensor.weights, tensor.elements, random)
          : [Buffer.from(tensor.weights.buffer)]
      for (const chunk of chunks) {
        if (written === 0 && tensor.name === zeroed?.tensor) chunk.fill(0, 0, zeroed.bytes)
        await file.writeFile(chunk)
        written += chunk.length
      }
      await file.writeFile(Buffer.alloc((ALIGNMENT - (written % ALIGNMENT)) % ALIGNMENT))
    }
  } finally {
    await file.close()
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
