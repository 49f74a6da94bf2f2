import type { Llama } from 'node-llama-cpp'
import type { ProbeResult } from '../protocol.js'

/** What the engine sees of the machine. */
export async function probe(llama: Llama): Promise<ProbeResult> {
  const { total, used, unifiedSize } = await llama.getVramState()
  return {
    gpu: llama.gpu,
    gpuNames: llama.gpu === false ? [] : await llama.getGpuDeviceNames(),
    vram: { total, used, unified: unifiedSize },
    systemInfo: llama.systemInfo,
    residentBytes: process.memoryUsage.rss(),
  }
}
