import type { MachineModel, TraceLine, TraceModel, TraceRequest } from '@berth/scheduler/simulation'

export const GiB = 2 ** 30

/** A machine in round figures: loads take 200 ms and a second a GiB, leaving takes 100 ms. */
export function machine(gpuGiB: number, gpus = 1): MachineModel {
  return {
    name: 'round figures',
    devices: [
      ...Array.from({ length: gpus }, (_, i) => ({
        id: `gpu${i}`,
        kind: 'gpu' as const,
        name: gpus === 1 ? 'GPU' : `GPU ${i}`,
        capacity: gpuGiB * GiB,
        bytesPerSecond: 100 * GiB,
        flopsPerSecond: 1e13,
      })),
      // Room for nothing but what the host keeps of a model on a GPU.
      {
        id: 'ram',
        kind: 'ram',
        name: 'RAM',
        capacity: 1 * GiB,
        bytesPerSecond: 10 * GiB,
        flopsPerSecond: 1e11,
      },
    ],
    cores: 4,
    load: { bytesPerSecond: GiB, fixedMs: 200 },
    unloadMs: 100,
    promptChunk: 100,
    stepMs: 0,
    sequenceMs: 0,
    parkBytesPerSecond: GiB,
  }
}

/** A model of so many GiB whose steps take 10 ms, and 1 ms more for each sequence; 1 ms for a token of a prompt. */
export function model(name: string, gib: number, rest: Partial<TraceModel> = {}): TraceModel {
  return {
    type: 'model',
    model: name,
    bytes: gib * GiB,
    shape: { layers: 4, kvBytesPerToken: 0 },
    rates: { promptTokenMs: 1, stepMs: 10, sequenceMs: 1 },
    ...rest,
  }
}

export function request(at: number, name: string, rest: Partial<TraceRequest> = {}): TraceRequest {
  return { type: 'request', at, model: name, promptTokens: 100, outputTokens: 11, ...rest }
}

export function traceOf(...lines: readonly TraceLine[]): () => readonly TraceLine[] {
  return () => [{ type: 'trace', version: 1 }, ...lines]
}
