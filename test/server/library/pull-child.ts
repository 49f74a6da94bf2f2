import { Puller, RegistryClient } from '../../../apps/server/src/library/index.js'
import { parseModelName, StoreWriter } from '../../../apps/server/src/models/index.js'

// A process of its own that pulls, to be killed in the middle.
const [, , base = '', folder = ''] = process.argv
const KiB = 1024
const settings = { parts: 16, leastBytes: 16 * KiB, mostBytes: 16 * KiB, atOnce: 4, saveEveryBytes: 32 * KiB }
const name = parseModelName('tern')
await new Puller(settings).pull(
  { registry: new RegistryClient(() => base), store: new StoreWriter(folder), name, as: name },
  () => undefined,
  new AbortController().signal,
)
