import { BackendError } from '@berth/scheduler'

const NO_MEMORY = /alloc|out of memory|insufficient memory|not enough (v?ram|memory)/i

/**
 * What the engine's refusal to load means. It throws "Failed to load model" and says why in its log.
 * @param said the last lines of that log.
 */
export function loadError(error: unknown, said: readonly string[], path: string): BackendError {
  if (error instanceof BackendError) return error
  const why = error instanceof Error ? error.message : String(error)
  const detail = said.at(-1)
  if (NO_MEMORY.test([why, ...said].join('\n'))) {
    const line = said.findLast((text) => NO_MEMORY.test(text)) ?? detail ?? why
    return new BackendError('out-of-memory', `There was not enough memory to load ${path}: ${line}`)
  }
  const more = detail === undefined ? '' : ` (${detail})`
  return new BackendError('bad-model', `${path} cannot be loaded: ${why}${more}`)
}
