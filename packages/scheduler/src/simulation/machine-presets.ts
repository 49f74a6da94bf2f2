import type { MachineDevice, MachineModel } from './machine.js'

const GB = 1e9
const TFLOPS = 1e12

/**
 * Data sheets say what a GPU could do; llama.cpp and its like get about so much of it. Memory bandwidth is
 * what decoding is bound by, arithmetic what prompts are bound by.
 */
const OF_BANDWIDTH = 0.7
const OF_FLOPS = 0.35

interface Gpu {
  readonly name: string
  readonly gb: number
  /** By its data sheet: GB/s, and dense FP16 teraflops. */
  readonly bandwidth: number
  readonly teraflops: number
}

const RTX_4090: Gpu = { name: 'RTX 4090', gb: 24, bandwidth: 1_008, teraflops: 165 }
const A100: Gpu = { name: 'A100 80 GB', gb: 80, bandwidth: 2_039, teraflops: 312 }
const H100: Gpu = { name: 'H100 80 GB', gb: 80, bandwidth: 3_350, teraflops: 989 }

function gpu(of: Gpu, index = 0): MachineDevice {
  return {
    id: `gpu${index}`,
    kind: 'gpu',
    name: of.name,
    capacity: of.gb * GB,
    bytesPerSecond: of.bandwidth * GB * OF_BANDWIDTH,
    flopsPerSecond: of.teraflops * TFLOPS * OF_FLOPS,
  }
}

/** Host memory; its arithmetic is that of the CPU's cores, some 50 gigaflops each with vector instructions. */
function ram(gb: number, bandwidth: number, cores: number): MachineDevice {
  return {
    id: 'ram',
    kind: 'ram',
    name: 'RAM',
    capacity: gb * GB,
    bytesPerSecond: bandwidth * GB * OF_BANDWIDTH,
    flopsPerSecond: cores * 0.05 * TFLOPS,
  }
}

const COMMON = {
  load: { bytesPerSecond: 2.5 * GB, fixedMs: 900 },
  unloadMs: 200,
  promptChunk: 512,
  stepMs: 0.5,
  sequenceMs: 0.1,
  parkBytesPerSecond: 5 * GB,
} as const

function withGpus(
  name: string,
  gpus: readonly MachineDevice[],
  host: { gb: number; cores: number },
): MachineModel {
  return { name, ...COMMON, devices: [...gpus, ram(host.gb, 200, host.cores)], cores: host.cores }
}

/** Machines to simulate, by name. Round figures: a recording of a real run knows better. */
export const MACHINES = {
  'laptop-8gb': {
    name: 'Laptop, 8 GB of RAM, 4 cores',
    ...COMMON,
    load: { bytesPerSecond: 1 * GB, fixedMs: 1_500 },
    promptChunk: 64,
    devices: [ram(8, 50, 4)],
    cores: 4,
  },
  'laptop-16gb-gpu-8gb': withGpus(
    'Laptop, 16 GB of RAM, GPU with 8 GB',
    [gpu({ name: 'Laptop GPU 8 GB', gb: 8, bandwidth: 256, teraflops: 40 })],
    { gb: 16, cores: 8 },
  ),
  'apple-m-32gb': {
    name: 'Apple M, 32 GB unified',
    ...COMMON,
    devices: [
      {
        id: 'unified',
        kind: 'unified',
        name: 'Unified memory',
        capacity: 32 * GB,
        bytesPerSecond: 200 * GB * OF_BANDWIDTH,
        flopsPerSecond: 14 * TFLOPS * 0.6,
      },
    ],
    margin: { fraction: 0.25 },
    cores: 8,
  },
  'rtx-4090': withGpus('RTX 4090, 24 GB', [gpu(RTX_4090)], { gb: 64, cores: 16 }),
  'a100-80gb': withGpus('A100, 80 GB', [gpu(A100)], { gb: 256, cores: 32 }),
  'h100-80gb': withGpus('H100, 80 GB', [gpu(H100)], { gb: 256, cores: 32 }),
  '8xh100': withGpus(
    '8 × H100, 80 GB each',
    Array.from({ length: 8 }, (_, i) => gpu(H100, i)),
    { gb: 2_000, cores: 128 },
  ),
} as const satisfies Readonly<Record<string, MachineModel>>

/** @throws RangeError that names the presets there are. */
export function machineNamed(name: string): MachineModel {
  const found = Object.entries<MachineModel>(MACHINES).find(([preset]) => preset === name)
  if (found !== undefined) return found[1]
  const names = Object.keys(MACHINES).join(', ')
  throw new RangeError(`There is no machine ${JSON.stringify(name)}: expected one of ${names}`)
}
