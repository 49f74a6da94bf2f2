import type { Bytes } from '@berth/budget'

/** The GPU that engines here would get. */
export interface Gpu {
  readonly name: string
  /** Computed by the CPU: slow, and other kernels are right for it. */
  readonly software: boolean
  readonly features: readonly string[]
  readonly maxBufferBytes: Bytes
}

/** @returns the GPU, or why there is none, for people to read. */
export async function findGpu(): Promise<Gpu | string> {
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- absent in many browsers and in insecure contexts
  if (!navigator.gpu) {
    return isSecureContext
      ? 'this browser has no WebGPU'
      : 'a browser gives WebGPU only to pages by https or from this machine itself'
  }
  try {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' })
    if (adapter === null) return 'this browser has WebGPU, but finds no GPU that it can use'
    const { vendor, architecture, device, description } = adapter.info
    const software =
      adapter.info.isFallbackAdapter ||
      /swiftshader|llvmpipe|software/i.test(`${architecture} ${description}`)
    const name = description || [vendor, architecture || device].filter(Boolean).join(' ')
    return {
      name: name || 'GPU',
      software,
      features: [...adapter.features].toSorted(),
      maxBufferBytes: adapter.limits.maxBufferSize,
    }
  } catch (error) {
    return `WebGPU does not answer: ${error instanceof Error ? error.message : String(error)}`
  }
}
