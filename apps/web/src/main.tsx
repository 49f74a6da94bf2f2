import { render } from 'preact'
import { App } from './app.js'
import { UpdateOffer } from './pwa/index.js'
import { followAddress, followWidth, openSettings, toastError } from './shell/index.js'
import { connectHost } from './tabs/index.js'

const root = document.getElementById('app')
if (root === null) throw new Error('The page has no element #app')

const host = connectHost()
// All three last as long as the page.
followAddress()
followWidth()
openSettings(async () => await host.calls.settingsChanged()).catch(toastError)
render(
  <>
    <App host={host} />
    {/* In development a kept page would be yesterday's. */}
    {import.meta.env.PROD && <UpdateOffer host={host} />}
  </>,
  root,
)
