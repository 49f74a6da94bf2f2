import { BackendError } from '@berth/scheduler'
import type { Backend, LoadSpec } from '@berth/scheduler'

/** The same backend, with every load that fails told to somebody before the scheduler hears of it. */
export function watchLoads(backend: Backend, failed: (error: BackendError, spec: LoadSpec) => void): Backend {
  return {
    name: backend.name,
    catalog: () => backend.catalog(),
    profile: (model, purpose) => backend.profile(model, purpose),
    async load(spec, report, signal) {
      try {
        return await backend.load(spec, report, signal)
      } catch (error) {
        if (error instanceof BackendError) failed(error, spec)
        throw error
      }
    },
  }
}
