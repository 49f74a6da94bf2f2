import type { HostView, MachineView, ModelCard } from '../../../apps/web/src/host/index.js'

const GIB = 2 ** 30

/** A model of the list, as a test needs it. */
export function card(id: string, more: Partial<ModelCard> = {}): ModelCard {
  return {
    id,
    name: id,
    family: id,
    place: 'browser',
    engine: 'webllm',
    from: 'this browser',
    bytes: 700e6,
    parameters: 1.2e9,
    quantization: 'q4f16_1',
    license: 'Apache-2.0',
    contextLength: 4_096,
    capabilities: ['chat'],
    fit: { verdict: 'fits', why: 'needs 1.1 GiB of 4.0 GiB' },
    stored: { state: 'absent', bytes: 0 },
    loaded: false,
    ...more,
  }
}

/** A machine with a GPU that browsers offer WebGPU on. */
export const MACHINE: MachineView = {
  gpu: {
    name: 'Example GPU',
    software: false,
    features: ['shader-f16'],
    maxBufferBytes: 2 * GIB,
    budgetBytes: 4 * GIB,
    budgetFrom: 'guess',
  },
  noGpu: null,
  ram: { budgetBytes: 6 * GIB, budgetFrom: 'guess' },
  cores: 8,
  threads: true,
}

export function view(models: readonly ModelCard[], more: Partial<HostView> = {}): HostView {
  return {
    models,
    downloads: [],
    storage: { usedBytes: 2e9, quotaBytes: 40e9, persistent: false },
    machine: MACHINE,
    servers: [],
    ...more,
  }
}
