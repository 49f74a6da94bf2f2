import { useState } from 'preact/hooks'
import { Button, Icon, settings, useHost } from '../shell/index.js'
import { KeyDialog } from './key-dialog.js'
import './settings.css'

/**
 * What keeps the page's own server from answering: it cannot be reached, or wants a key, with the place to give it.
 * Nothing where all is well.
 */
export function OwnServerNotice() {
  const [asking, setAsking] = useState(false)
  const { servers, ownKey } = settings.value
  const own = useHost().view.value?.servers.find(
    ({ address }) => address === location.origin && !servers.some((other) => other.address === address),
  )
  if (own?.state === 'unreachable')
    return (
      <div class="own-server" role="status">
        <Icon name="server" size={18} />
        <p>This server cannot be reached just now. Its models are here again as soon as it is.</p>
      </div>
    )
  // While it is asked again with a new key, the dialog that gave it is still there.
  if (own?.state !== 'denied' && !asking) return null
  return (
    <div class="own-server" role="status">
      <Icon name="key" size={18} />
      <p>
        {ownKey === null
          ? 'This server wants a key before it lists its models.'
          : 'This server does not know the key that is kept here.'}
      </p>
      <Button variant="primary" size="s" onClick={() => setAsking(true)}>
        Enter the key
      </Button>
      <KeyDialog open={asking} onClose={() => setAsking(false)} />
    </div>
  )
}
