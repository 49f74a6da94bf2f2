import { h, render } from 'preact'
import { App } from '../../apps/web/src/app.js'
import { followAddress, followWidth, openSettings } from '../../apps/web/src/shell/index.js'
import { BusyScheduler } from '../../test/web/activity/busy-scheduler.js'
import { MACHINE } from '../../test/web/models/cards.js'
import { RecordingHost } from '../../test/web/shell/recording-host.js'

/** As the host does it: what happened in so many milliseconds comes at once. */
const BATCH_MS = 16

const host = new RecordingHost()

/** Shows the whole page, at its activity, over a scheduler with so many runners. */
export async function start(runners: number): Promise<void> {
  document.documentElement.lang = 'en'
  host.view.value = { models: [], downloads: [], storage: null, machine: MACHINE, servers: [] }
  location.hash = '#/activity'
  followAddress()
  followWidth()
  await openSettings(async () => await host.calls.settingsChanged())
  render(h(App, { host }), document.body)
  busy = new BusyScheduler(runners)
  host.tell({ type: 'snapshot', snapshot: busy.snapshot(performance.now()) })
}

let busy = new BusyScheduler(1)

/** Has it tell so many events a second for so long; returns how many that were. By the clock: a late timer is made up for. */
export async function happen(perSecond: number, ms: number): Promise<number> {
  const begun = performance.now()
  let told = 0
  return await new Promise((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now()
      const due = Math.floor((Math.min(ms, now - begun) / 1_000) * perSecond)
      if (due > told) host.tell({ type: 'events', events: busy.events(due - told, now) })
      told = Math.max(told, due)
      if (now - begun < ms) return
      clearInterval(timer)
      resolve(told)
    }, BATCH_MS)
  })
}
