import type { HostView, ModelCard } from '../../host/index.js'
import { Icon } from '../../shell/index.js'

export interface ServerGoneProps {
  readonly card: ModelCard | null
  readonly view: HostView | null
}

/** Tells that the server of the conversation's model does not answer, before somebody has written in vain. */
export function ServerGone({ card, view }: ServerGoneProps) {
  if (card?.place !== 'server') return null
  const server = view?.servers.find(({ address }) => card.id.startsWith(`${address}/`))
  if (server?.state !== 'unreachable') return null
  return (
    <div class="chat-trouble chat-gone" role="status">
      <Icon name="server" size={18} />
      <p>
        {server.name === 'this server' ? 'This server' : server.name} cannot be reached just now. It is tried
        again by itself; until then another model can answer.
      </p>
    </div>
  )
}
