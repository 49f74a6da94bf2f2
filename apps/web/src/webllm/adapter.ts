import type { Bytes } from '@berth/budget'

/** What the browser says of its GPU. Plain data, so that it can be sent, stored and made up by tests. */
export interface AdapterFacts {
  /** For people: "nvidia ada-lovelace", or what else the browser is willing to tell. */
  readonly name: string
  /** A CPU that plays GPU: right, slow, and bad at workgroup barriers. */
  readonly software: boolean
  readonly features: readonly string[]
  /** The largest single buffer. */
  readonly maxBufferBytes: Bytes
  /** The largest buffer that a kernel can be bound to. */
  readonly maxBindingBytes: Bytes
}

/** Names under which browsers show software adapters. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|warp/i

/** Asks this browser for its adapter, as WebLLM will; null where it has none to give. Works in windows and workers. */
export async function readAdapter(): Promise<AdapterFacts | null> {
  // Absent without a secure context, and in browsers that do not have it, whatever the types say.
  const { gpu } = navigator as { readonly gpu?: GPU }
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null)
  if (adapter === null || adapter === undefined) return null
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info
  const name = [vendor, architecture, device, description].filter((part) => part !== '').join(' ')
  return {
    name: name === '' ? 'GPU' : name,
    software: isFallbackAdapter || SOFTWARE.test(name),
    features: [...adapter.features],
    maxBufferBytes: adapter.limits.maxBufferSize,
    maxBindingBytes: adapter.limits.maxStorageBufferBindingSize,
  }
}
