import type { Bytes } from './units.js'

/** Every tensor begins at a multiple of it (ggml's `TENSOR_ALIGNMENT`). */
const ALIGNMENT: Bytes = 64

/** More than any buffer: the free block at the end, which grows the buffer when it is used. */
const ENDLESS: Bytes = 2 ** 50

interface Block {
  at: Bytes
  size: Bytes
}

/** One tensor of a compute graph. */
export interface GraphTensor {
  readonly size: Bytes
  readonly sources: readonly GraphTensor[]
  /** Whether it may be written over a source that nothing else reads. */
  readonly inPlace: boolean
  readers: number
  at: Bytes | null
}

/**
 * Finds how large a buffer a compute graph takes, the way ggml does (`ggml_gallocr` in ggml-alloc.c): tensors
 * are laid out in the order of computation, each in the smallest hole that holds it, and their memory is a
 * hole again when the last reader is done. Inputs are laid out first, so that no tensor writes over one that
 * is still to be read.
 */
export class GraphAllocation {
  readonly #inputs: GraphTensor[] = []
  readonly #nodes: GraphTensor[] = []

  /** A tensor that is filled from outside; one that nothing reads keeps its memory to the end. */
  input(size: Bytes): GraphTensor {
    const tensor = { size: aligned(size), sources: [], inPlace: false, readers: 0, at: null }
    this.#inputs.push(tensor)
    return tensor
  }

  /** A tensor that is computed from others; of size 0: into memory of its own elsewhere (the KV cache). */
  op(size: Bytes, sources: readonly GraphTensor[], inPlace = false): GraphTensor {
    const tensor = { size: aligned(size), sources, inPlace, readers: 0, at: null }
    for (const source of sources) source.readers++
    this.#nodes.push(tensor)
    return tensor
  }

  /** The buffer's size. To be asked once, when the graph is complete. */
  bytes(): Bytes {
    const memory = new BestFit()
    for (const tensor of this.#inputs) tensor.at = memory.take(tensor.size)
    for (const tensor of this.#nodes) {
      if (tensor.size > 0) {
        const over = tensor.inPlace ? tensor.sources.find((source) => isFree(source, tensor.size)) : undefined
        tensor.at = over ? over.at : memory.take(tensor.size)
        if (over) over.at = null
      }
      for (const source of tensor.sources) {
        source.readers--
        if (source.readers > 0 || source.at === null) continue
        memory.give({ at: source.at, size: source.size })
        source.at = null
      }
    }
    return memory.peak
  }
}

function isFree(source: GraphTensor, size: Bytes): boolean {
  return source.readers === 1 && source.at !== null && source.size === size
}

class BestFit {
  peak: Bytes = 0
  /** By address, never adjacent; the last one is the endless one. */
  readonly #holes: Block[] = [{ at: 0, size: ENDLESS }]

  take(size: Bytes): Bytes {
    let best = this.#holes.length - 1
    for (let index = this.#holes.length - 2; index >= 0; index--) {
      const hole = this.#holes[index]?.size ?? 0
      const chosen = this.#holes[best]?.size ?? 0
      if (hole >= size && hole < chosen) best = index
    }
    const hole = this.#holes[best]
    if (!hole) throw new Error('the endless hole is gone')
    const { at } = hole
    hole.at += size
    hole.size -= size
    if (hole.size === 0) this.#holes.splice(best, 1)
    this.peak = Math.max(this.peak, at + size)
    return at
  }

  give(block: Block): void {
    const found = this.#holes.findIndex(({ at }) => at > block.at)
    const index = found < 0 ? this.#holes.length : found
    const before = this.#holes[index - 1]
    const after = this.#holes[index]
    if (after && block.at + block.size === after.at) {
      after.at = block.at
      after.size += block.size
      if (before && before.at + before.size === after.at) {
        before.size += after.size
        this.#holes.splice(index, 1)
      }
    } else if (before && before.at + before.size === block.at) before.size += block.size
    else this.#holes.splice(index, 0, { ...block })
  }
}

function aligned(size: Bytes): Bytes {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT
}
