import type { GgufProfile } from './memory-profile.js'
import type { MemorySettings } from './memory-settings.js'
import type { Bytes } from './units.js'

const FLOAT: Bytes = 4

/** What the engine allocates to compute with, on a device that has some of the layers. */
export function computeBytes(
  profile: GgufProfile,
  settings: MemorySettings,
  share: { readonly hasOutput: boolean; readonly hasLayers: boolean },
): Bytes {
  const { embedding, feedForward, vocabulary } = profile.graph
  const batch = Math.max(profile.engine.batchSize, settings.slots)
  const contexts = profile.engine.contexts === 'own' ? settings.slots : 1
  const layers = share.hasLayers ? 3 * embedding + 2 * feedForward : embedding
  return contexts * batch * FLOAT * Math.max(layers, share.hasOutput ? vocabulary + embedding : 0)
}
