import { readFile } from 'node:fs/promises'
import { readGgufMetadata } from '../../apps/server/src/models/index.js'

const ALIGNMENT = 32

/** The tensors of a GGUF whose tensors are all float32 and in the order of its list, by name. */
export async function floatTensors(path: string): Promise<ReadonlyMap<string, Float32Array>> {
  const [{ tensors }, bytes] = [await readGgufMetadata(path), await readFile(path)]
  const sizes = tensors.map(({ shape }) => 4 * shape.reduce((product, length) => product * length, 1))
  const padded = sizes.map((size) => Math.ceil(size / ALIGNMENT) * ALIGNMENT)
  // The data ends where the file does.
  let at = bytes.length - padded.reduce((sum, size) => sum + size, 0)
  const found = new Map<string, Float32Array>()
  for (const [index, { name, type }] of tensors.entries()) {
    if (type !== 'F32') throw new Error(`Expected tensors of F32, got ${type} in ${name}`)
    const part = Uint8Array.from(bytes.subarray(at, at + (sizes[index] ?? 0)))
    found.set(name, new Float32Array(part.buffer))
    at += padded[index] ?? 0
  }
  return found
}
