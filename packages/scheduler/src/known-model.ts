import type { Backend, ModelId, ModelInfo, Purpose } from './backend.js'
import { asBackendError, SchedulerError } from './errors.js'
import type { KnownModel } from './line.js'

/**
 * Where a model runs and what it needs: the first backend whose catalog has it for the purpose. The first is
 * asked alone, for it is mostly the one; then all others at once, for one of them may be long in answering.
 */
export async function readModel(
  backends: readonly Backend[],
  model: ModelId,
  purpose: Purpose,
): Promise<KnownModel> {
  let found: Backend | null = null
  const failures: unknown[] = []
  let asked: readonly Promise<readonly ModelInfo[]>[] | null = null
  for (const [at, backend] of backends.entries()) {
    try {
      if (at > 0) asked ??= backends.slice(1).map(catalogOf)
      const catalog = await (asked?.[at - 1] ?? catalogOf(backend))
      const info = catalog.find((candidate) => candidate.id === model)
      if (info === undefined) continue
      found = backend
      if (!info.purposes.includes(purpose)) continue
      return { backend, info, profile: await backend.profile(model, purpose) }
    } catch (error) {
      // An engine that cannot be asked must not hide a model that another one has.
      failures.push(error)
    }
  }
  const [failure] = failures
  if (failure !== undefined) {
    const cause = asBackendError(failure)
    throw new SchedulerError('load-failed', cause.message, { cause })
  }
  if (found === null) throw new SchedulerError('unknown-model', `model '${model}' not found`)
  const what = purpose === 'embed' ? 'embeddings' : 'text'
  throw new SchedulerError('bad-request', `model '${model}' does not give ${what}`)
}

/** Nobody may come to listen to a failure, where one before it has the model. */
function catalogOf(backend: Backend): Promise<readonly ModelInfo[]> {
  const catalog = backend.catalog()
  catalog.catch(() => undefined)
  return catalog
}
