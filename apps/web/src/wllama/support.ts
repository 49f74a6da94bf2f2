/**
 * Why wllama cannot run in this browser, for people to read; null where it can. Its program is built for 64-bit
 * WebAssembly memories. (Its other build, for browsers without, is another package and several times slower.)
 */
export function whyNot(): string | null {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the compiler does not know 64-bit memories yet
    const memory = { address: 'i64', initial: 1n } as unknown as WebAssembly.MemoryDescriptor
    return new WebAssembly.Memory(memory).buffer.byteLength > 0
      ? null
      : "this browser's WebAssembly has no memory"
  } catch {
    return "this browser's WebAssembly has no 64-bit memory, which wllama needs"
  }
}
