/** A tab of the real page, at its activity, from within which requests are made too. */
import { render } from 'preact'
import { App } from '../../../apps/web/src/app.js'
import { followAddress, followWidth, openSettings } from '../../../apps/web/src/shell/index.js'
import { host } from '../tabs/lab.js'

export * from '../host/lab.js'

export async function showActivity(): Promise<void> {
  document.documentElement.lang = 'en'
  location.hash = '#/activity'
  followAddress()
  followWidth()
  await openSettings(async () => await host.calls.settingsChanged())
  render(<App host={host} />, document.body)
}
