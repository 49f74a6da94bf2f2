/** The five states of a model's runner. Draining (takes no new job) is a flag beside them, not a state. */
export type RunnerState = 'idle' | 'loading' | 'ready' | 'busy' | 'unloading'

/** What can happen to a runner. */
export type RunnerEvent = 'load' | 'loaded' | 'start' | 'free' | 'unload' | 'gone'

/**
 * Idle → Loading → Ready ⇄ Busy → Unloading → Idle. `start` keeps a busy runner busy (another slot), `free`
 * is the last job's end, `gone` is a confirmed end from anywhere but Idle: asked for, failed or crashed.
 * A busy runner is only unloaded by force; the ordinary way goes through `free`.
 */
const TABLE = {
  idle: { load: 'loading' },
  loading: { loaded: 'ready', unload: 'unloading', gone: 'idle' },
  ready: { start: 'busy', unload: 'unloading', gone: 'idle' },
  busy: { start: 'busy', free: 'ready', unload: 'unloading', gone: 'idle' },
  unloading: { gone: 'idle' },
} as const satisfies Record<RunnerState, Partial<Record<RunnerEvent, RunnerState>>>

/** The events that a state can take. */
export type EventsOf<S extends RunnerState> = keyof (typeof TABLE)[S]

/** The state after an event; a pair outside the table does not type-check. */
export function next<S extends RunnerState, E extends EventsOf<S>>(state: S, event: E): (typeof TABLE)[S][E] {
  return TABLE[state][event]
}

/** The same for a state known only at run time: undefined outside the table. */
export function tryNext(state: RunnerState, event: RunnerEvent): RunnerState | undefined {
  const row: Partial<Record<RunnerEvent, RunnerState>> = TABLE[state]
  return row[event]
}
