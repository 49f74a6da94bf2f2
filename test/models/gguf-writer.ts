/** GGUF v3, little-endian: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
const MAGIC = 0x46554747
const VERSION = 3
export const ALIGNMENT = 32

const VALUE_TYPE = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const

/** A metadata value; which GGUF type it gets must be said, as JavaScript's numbers do not. */
export type GgufValue =
  | { readonly type: 'u32' | 'i32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'i32s' | 'f32s'; readonly value: readonly number[] }

export interface GgufTensor {
  readonly name: string
  /** Fastest first: a row's length, then the number of rows. */
  readonly dimensions: readonly number[]
  /** ggml's number of the type. */
  readonly type: number
  /** From the start of the data section; a multiple of the alignment. */
  readonly offset: number
}

/** The file up to the data section, padded to the alignment. */
export function ggufHeader(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]): Buffer {
  const out = new Bytes()
  out.u32(MAGIC)
  out.u32(VERSION)
  out.u64(tensors.length)
  out.u64(metadata.size)
  for (const [key, value] of metadata) {
    out.string(key)
    writeValue(out, value)
  }
  for (const tensor of tensors) {
    out.string(tensor.name)
    out.u32(tensor.dimensions.length)
    for (const length of tensor.dimensions) out.u64(length)
    out.u32(tensor.type)
    out.u64(tensor.offset)
  }
  out.pad(ALIGNMENT)
  return out.take()
}

function writeValue(out: Bytes, value: GgufValue): void {
  switch (value.type) {
    case 'u32':
      out.u32(VALUE_TYPE.u32)
      out.u32(value.value)
      return
    case 'i32':
      out.u32(VALUE_TYPE.i32)
      out.i32(value.value)
      return
    case 'f32':
      out.u32(VALUE_TYPE.f32)
      out.f32(value.value)
      return
    case 'bool':
      out.u32(VALUE_TYPE.bool)
      out.u8(value.value ? 1 : 0)
      return
    case 'string':
      out.u32(VALUE_TYPE.string)
      out.string(value.value)
      return
    case 'strings':
      out.u32(VALUE_TYPE.array)
      out.u32(VALUE_TYPE.string)
      out.u64(value.value.length)
      for (const item of value.value) out.string(item)
      return
    case 'i32s':
      out.u32(VALUE_TYPE.array)
      out.u32(VALUE_TYPE.i32)
      out.u64(value.value.length)
      for (const item of value.value) out.i32(item)
      return
    case 'f32s':
      out.u32(VALUE_TYPE.array)
      out.u32(VALUE_TYPE.f32)
      out.u64(value.value.length)
      for (const item of value.value) out.f32(item)
      return
    default:
      void (value satisfies never)
  }
}

/** A buffer that grows by doubling. */
class Bytes {
  #buffer = Buffer.alloc(1 << 16)
  #length = 0

  u8(value: number): void {
    this.#room(1)
    this.#length = this.#buffer.writeUInt8(value, this.#length)
  }

  u32(value: number): void {
    this.#room(4)
    this.#length = this.#buffer.writeUInt32LE(value, this.#length)
  }

  i32(value: number): void {
    this.#room(4)
    this.#length = this.#buffer.writeInt32LE(value, this.#length)
  }

  f32(value: number): void {
    this.#room(4)
    this.#length = this.#buffer.writeFloatLE(value, this.#length)
  }

  u64(value: number): void {
    this.#room(8)
    this.#length = this.#buffer.writeBigUInt64LE(BigInt(value), this.#length)
  }

  string(value: string): void {
    const bytes = Buffer.byteLength(value)
    this.u64(bytes)
    this.#room(bytes)
    this.#buffer.write(value, this.#length)
    this.#length += bytes
  }

  pad(alignment: number): void {
    const missing = (alignment - (this.#length % alignment)) % alignment
    this.#room(missing)
    this.#buffer.fill(0, this.#length, this.#length + missing)
    this.#length += missing
  }

  take(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const larger = Buffer.alloc(Math.max(this.#buffer.length * 2, this.#length + bytes))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
