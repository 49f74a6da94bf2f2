import type { MemorySettings } from '@berth/budget'

/** Settings as one may copy them, for each of the ways to say them. */
export interface CopyableSettings {
  /** Of `berth serve`, in one line. */
  readonly flags: string
  /** A variable a line. */
  readonly env: string
  /** A Modelfile's lines; the rest of the settings are a server's and not a model's. */
  readonly modelfile: string
}

/** How Berth is told to load models like this. */
export function copyableSettings({
  contextLength,
  slots,
  kvType,
  maxGpuLayers,
}: MemorySettings): CopyableSettings {
  const each = [
    ['context-length', contextLength],
    ['num-parallel', slots],
    ['kv-cache-type', kvType],
  ] as const
  const gpu = maxGpuLayers === undefined ? [] : [`PARAMETER num_gpu ${maxGpuLayers}`]
  return {
    flags: `berth serve ${each.map(([name, value]) => `--${name} ${value}`).join(' ')}`,
    env: each.map(([name, value]) => `BERTH_${name.replaceAll('-', '_').toUpperCase()}=${value}`).join('\n'),
    modelfile: [`PARAMETER num_ctx ${contextLength}`, ...gpu].join('\n'),
  }
}
