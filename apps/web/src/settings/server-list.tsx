import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { ServerView } from '../host/index.js'
import type { ServerSetting } from '../storage/index.js'
import {
  Badge,
  Button,
  Menu,
  confirm,
  settings,
  toastError,
  updateSettings,
  useHost,
  type Tone,
} from '../shell/index.js'
import { KeyDialog } from './key-dialog.js'
import { ServerDialog } from './server-dialog.js'
import './settings.css'

const STATE: Readonly<Record<ServerView['state'], { readonly text: string; readonly tone: Tone }>> = {
  connecting: { text: 'Connecting', tone: 'neutral' },
  connected: { text: 'Connected', tone: 'ok' },
  unreachable: { text: 'Not reachable', tone: 'danger' },
  denied: { text: 'Key needed', tone: 'warn' },
}

/** The servers that are asked for models, with how they are, the page's own first. */
export function ServerList() {
  const views = useHost().view.value?.servers ?? []
  const set = settings.value.servers
  const [editing, setEditing] = useState<ServerSetting | null>(null)
  const [asking, setAsking] = useState(false)
  const own = views.filter((view) => !set.some(({ address }) => address === view.address))
  if (own.length + set.length === 0) return <p class="settings-hint">No server is set.</p>
  return (
    <>
      <ul class="servers">
        {own.map((view) => (
          <ServerRow
            key={view.address}
            name={view.name}
            address={view.address}
            view={view}
            menu={
              <Button icon="key" size="s" aria-label="Key of this server" onClick={() => setAsking(true)}>
                Key
              </Button>
            }
          />
        ))}
        {set.map((server) => (
          <ServerRow
            key={server.address}
            name={server.name}
            address={server.address}
            view={views.find(({ address }) => address === server.address)}
            menu={
              <Menu
                label={`Actions for ${server.name}`}
                items={[
                  { label: 'Change', icon: 'edit', onSelect: () => setEditing(server) },
                  { label: 'Remove', icon: 'trash', danger: true, onSelect: () => void remove(server) },
                ]}
              />
            }
          />
        ))}
      </ul>
      <KeyDialog open={asking} onClose={() => setAsking(false)} />
      <ServerDialog open={editing !== null} editing={editing} onClose={() => setEditing(null)} />
    </>
  )
}

interface ServerRowProps {
  readonly name: string
  readonly address: string
  readonly view: ServerView | undefined
  readonly menu?: ComponentChildren
}

function ServerRow({ name, address, view, menu }: ServerRowProps) {
  const { text, tone } = STATE[view?.state ?? 'connecting']
  return (
    <li class="server">
      <div class="server-names">
        <span class="server-name">{name}</span>
        <span class="server-address">{address}</span>
        {view !== undefined && view.why !== null && <span class="server-why">{view.why}</span>}
      </div>
      <Badge tone={tone}>{text}</Badge>
      {menu}
    </li>
  )
}

async function remove(server: ServerSetting): Promise<void> {
  const sure = await confirm({
    title: `Remove ${server.name}?`,
    body: <p>Its models leave the list. Conversations with them stay and can be read.</p>,
    action: 'Remove',
    danger: true,
  })
  if (!sure) return
  const servers = settings.peek().servers.filter(({ address }) => address !== server.address)
  await updateSettings({ servers }).catch(toastError)
}
