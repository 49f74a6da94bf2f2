import { render } from 'preact'
import { App } from '../../../apps/web/src/app.js'
import type { HostCalls, HostView, WatchMessage } from '../../../apps/web/src/host/index.js'
import { followAddress, followWidth, openSettings } from '../../../apps/web/src/shell/index.js'
import { RecordingHost } from './recording-host.js'

const host = new RecordingHost()

/** Shows the whole page over a host that does nothing but remember. */
export async function start(view: HostView | null): Promise<void> {
  document.documentElement.lang = 'en'
  document.title = 'Berth'
  host.view.value = view
  followAddress()
  followWidth()
  await openSettings(async () => await host.calls.settingsChanged())
  render(<App host={host} />, document.body)
}

export function show(view: HostView): void {
  host.view.value = view
}

export function tell(message: WatchMessage): void {
  host.tell(message)
}

export function fail(call: keyof HostCalls, message: string): void {
  host.failures.set(call, message)
}

/** What was asked of the host since the last time. */
export function takeCalls(): readonly (readonly unknown[])[] {
  return host.made.splice(0)
}
