import { tryNext, type RunnerEvent, type RunnerState } from '@berth/scheduler'
import { expect, it } from 'vitest'

const STATES: readonly RunnerState[] = ['idle', 'loading', 'ready', 'busy', 'unloading']
const EVENTS: readonly RunnerEvent[] = ['load', 'loaded', 'start', 'free', 'unload', 'gone']

it('a runner has five states and these transitions, and no others', () => {
  const table = STATES.flatMap((state) =>
    EVENTS.flatMap((event) => {
      const to = tryNext(state, event)
      return to === undefined ? [] : [`${state} ${event} ${to}`]
    }),
  )
  expect(table).toEqual([
    'idle load loading',
    'loading loaded ready',
    'loading unload unloading',
    'loading gone idle',
    'ready start busy',
    'ready unload unloading',
    'ready gone idle',
    'busy start busy',
    'busy free ready',
    'busy unload unloading',
    'busy gone idle',
    'unloading gone idle',
  ])
})
