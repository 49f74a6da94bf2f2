/** A count of bytes. Whole and never negative where it stands for memory. */
export type Bytes = number

/** A count of tokens. */
export type Tokens = number

/** Names one memory of the machine: `gpu0`, `ram`. Unified memory is one device, not two. */
export type DeviceId = string

/** An amount of memory on one device. */
export interface DeviceBytes {
  readonly device: DeviceId
  readonly bytes: Bytes
}

/** Element type of the KV cache, by llama.cpp's names. */
export type KvType = 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q5_1' | 'q5_0' | 'q4_1' | 'q4_0' | 'iq4_nl'

/** What a list of amounts has on one device; 0 where it does not name it. */
export function bytesOf(amounts: readonly DeviceBytes[], device: DeviceId): Bytes {
  let sum = 0
  for (const amount of amounts) if (amount.device === device) sum += amount.bytes
  return sum
}
