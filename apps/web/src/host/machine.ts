import { MemoryBudget } from '@berth/budget'
import type { Bytes, Device, DeviceId } from '@berth/budget'
import type { Settings } from '../storage/index.js'
import { gpuBudget, ramBudget } from './budgets.js'
import type { Budget } from './budgets.js'
import type { MachineView } from './contract.js'
import { readAdapter } from '../webllm/index.js'
import type { AdapterFacts } from '../webllm/index.js'

/** The devices of every browser's host. */
export const GPU: DeviceId = 'gpu'
export const RAM: DeviceId = 'ram'

/** What was learned to be too much, by device; of the GPU by its name, since a browser may get another one. */
export type Ceilings = Readonly<Record<string, Bytes>>

/** This machine as far as the browser tells, and the memory that models may have of it. */
export class Machine {
  readonly gpu: AdapterFacts | null
  readonly #deviceMemory: number | null

  private constructor(gpu: AdapterFacts | null) {
    this.gpu = gpu
    this.#deviceMemory = 'deviceMemory' in navigator ? Number(navigator.deviceMemory) : null
  }

  static async look(): Promise<Machine> {
    return new Machine(await readAdapter())
  }

  get cores(): number {
    return navigator.hardwareConcurrency
  }

  /** Under which name a device's ceiling is remembered. */
  ceilingKey(device: DeviceId): string {
    return device === GPU ? `gpu ${this.gpu?.name ?? ''}` : device
  }

  budgets(settings: Settings, ceilings: Ceilings): { readonly gpu: Budget; readonly ram: Budget } {
    const facts = { deviceMemory: this.#deviceMemory, gpu: this.gpu }
    return {
      gpu: gpuBudget(facts, settings.gpuBudgetBytes, ceilings[this.ceilingKey(GPU)] ?? null),
      ram: ramBudget(facts, settings.ramBudgetBytes, ceilings[this.ceilingKey(RAM)] ?? null),
    }
  }

  /** Software adapters compute in host memory, yet are a device of their own: the user's settings part the two. */
  devices(settings: Settings, ceilings: Ceilings): readonly Device[] {
    const { gpu, ram } = this.budgets(settings, ceilings)
    const memory: Device = { id: RAM, kind: 'ram', name: 'memory', capacity: ram.bytes }
    if (this.gpu === null) return [memory]
    return [{ id: GPU, kind: 'gpu', name: this.gpu.name, capacity: gpu.bytes }, memory]
  }

  budget(settings: Settings, ceilings: Ceilings): MemoryBudget {
    return new MemoryBudget(this.devices(settings, ceilings))
  }

  view(settings: Settings, ceilings: Ceilings): MachineView {
    const { gpu, ram } = this.budgets(settings, ceilings)
    return {
      gpu: this.gpu === null ? null : { ...this.gpu, budgetBytes: gpu.bytes, budgetFrom: gpu.from },
      noGpu: gpuless(this.gpu),
      ram: { budgetBytes: ram.bytes, budgetFrom: ram.from },
      cores: this.cores,
      threads: crossOriginIsolated,
    }
  }
}

/** Why there is no GPU, for people. */
function gpuless(gpu: AdapterFacts | null): string | null {
  if (gpu !== null) return null
  if ('gpu' in navigator) return 'this browser has WebGPU, but finds no GPU that it can use'
  return isSecureContext
    ? 'this browser has no WebGPU'
    : 'a browser gives WebGPU only to pages by https, or from this machine itself'
}
