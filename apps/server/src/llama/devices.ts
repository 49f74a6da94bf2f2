import type { Device, DeviceBytes } from '@berth/budget'
import { type HostMemory, hostMemory } from './host-memory.js'
import { probeEngine } from './probe-child.js'
import type { GpuChoice, ProbeResult } from './protocol.js'

/** What the machine has, and how the engine sees it. */
export interface DetectedDevices {
  /** GPUs in the engine's order, then the host's memory; or one unified memory. */
  readonly devices: readonly Device[]
  /** Taken on each of them at that moment, by anybody. */
  readonly used: readonly DeviceBytes[]
  readonly engine: ProbeResult
}

/** Which environment variable ties a child to some of the GPUs. */
const VISIBLE: Readonly<Record<string, string>> = {
  cuda: 'CUDA_VISIBLE_DEVICES',
  vulkan: 'GGML_VK_VISIBLE_DEVICES',
}

/** The environment of a child that is to use these GPUs only; null where the engine cannot be told which. */
export function visibleGpus(
  gpu: ProbeResult['gpu'],
  indices: readonly number[],
): Readonly<Record<string, string>> | null {
  const variable = gpu === false ? undefined : VISIBLE[gpu]
  return variable === undefined ? null : { [variable]: indices.join(',') }
}

/**
 * Looks at the machine's memories through the engine and the kernel.
 * @throws BackendError `engine` when the engine cannot be loaded.
 */
export async function detectDevices(gpu: GpuChoice = 'auto'): Promise<DetectedDevices> {
  const engine = await probeEngine(gpu)
  const gpus = await eachGpu(engine)
  return { ...devicesOf(await hostMemory(), engine, gpus), engine }
}

/**
 * Capacity and use of every GPU; the engine tells only their sum, so that several are looked at one by one.
 * Where it cannot be told at which to look, they count as one.
 */
export async function eachGpu(
  engine: ProbeResult,
  look: typeof probeEngine = probeEngine,
): Promise<ProbeResult['vram'][]> {
  if (engine.gpu === false) return []
  if (engine.gpuNames.length <= 1) return [engine.vram]
  const found: ProbeResult['vram'][] = []
  for (const index of engine.gpuNames.keys()) {
    const env = visibleGpus(engine.gpu, [index])
    if (env === null) return [engine.vram]
    found.push((await look(engine.gpu, env)).vram)
  }
  return found
}

/** Pure: the devices that these figures make. */
export function devicesOf(
  host: HostMemory,
  engine: ProbeResult,
  gpus: readonly ProbeResult['vram'][],
): Omit<DetectedDevices, 'engine'> {
  const first = gpus[0]
  if (first !== undefined && gpus.length === 1 && first.unified > 0) {
    // The GPU may often use only a part of it; the smaller figure is the one that holds for models.
    const capacity = Math.min(host.capacity, first.total)
    const device = {
      id: 'unified',
      kind: 'unified',
      name: engine.gpuNames[0] ?? 'unified memory',
      capacity,
    } as const
    return { devices: [device], used: [{ device: 'unified', bytes: Math.min(host.used, capacity) }] }
  }
  const ram: Device = { id: 'ram', kind: 'ram', name: 'RAM', capacity: host.capacity }
  const cards = gpus.map((vram, index): Device => {
    return {
      id: `gpu${index}`,
      kind: 'gpu',
      name: engine.gpuNames[index] ?? `GPU ${index}`,
      capacity: vram.total,
    }
  })
  return {
    devices: [...cards, ram],
    used: [
      ...gpus.map(({ used }, index) => ({ device: `gpu${index}`, bytes: used })),
      { device: 'ram', bytes: host.used },
    ],
  }
}

/**
 * How much of each device is taken now, by anybody. A GPU is asked through a child, for about a second; the
 * host's memory costs nothing.
 */
export async function usedNow(detected: DetectedDevices): Promise<readonly DeviceBytes[]> {
  const { engine } = detected
  if (engine.gpu === false) return devicesOf(await hostMemory(), engine, []).used
  const now = await probeEngine(engine.gpu)
  return devicesOf(await hostMemory(), now, await eachGpu(now)).used
}
