import { formatBytes } from '@berth/budget'
import { useEffect, useState } from 'preact/hooks'
import type { HostClient, ModelCard } from '../host/index.js'
import { Badge, Button, IconButton } from '../shell/index.js'
import { follow, type Loaded } from './loaded.js'
import { attempt } from './model-actions.js'

const STATE: Readonly<Record<Loaded['state'], string>> = {
  idle: 'gone',
  loading: 'loading',
  ready: 'ready',
  busy: 'answering',
  unloading: 'leaving',
}

/** What is in this browser's memory now, to let go or to keep. */
export function LoadedNow({
  host,
  cards,
}: {
  readonly host: HostClient
  readonly cards: readonly ModelCard[]
}) {
  const loaded = useLoaded(host).filter(
    ({ model }) => cards.find(({ id }) => id === model)?.place !== 'server',
  )
  if (loaded.length === 0) return null
  return (
    <section class="models-section" aria-labelledby="loaded-now">
      <h2 id="loaded-now">Loaded now</h2>
      <ul class="models-list">
        {loaded.map((each) => (
          <LoadedRow
            key={each.id}
            loaded={each}
            name={cards.find(({ id }) => id === each.model)?.name ?? each.model}
            host={host}
          />
        ))}
      </ul>
    </section>
  )
}

interface LoadedRowProps {
  readonly loaded: Loaded
  readonly name: string
  readonly host: HostClient
}

function LoadedRow({ loaded: { model, state, pinned, bytes }, name, host }: LoadedRowProps) {
  return (
    <li class="model model-loaded">
      <div class="model-head">
        <div class="model-names">
          <h3 class="model-name">{name}</h3>
          <p class="model-where">{bytes > 0 ? `${formatBytes(bytes)} of memory` : 'memory not known'}</p>
        </div>
        <div class="model-badges">
          <Badge tone={state === 'ready' || state === 'busy' ? 'ok' : 'neutral'}>{STATE[state]}</Badge>
        </div>
        <div class="model-actions">
          <IconButton
            icon="pin"
            size="s"
            label={pinned ? `Do not keep ${name} loaded any more` : `Keep ${name} loaded`}
            aria-pressed={pinned}
            onClick={() => attempt(host.calls.pin(model, !pinned))}
          />
          <Button
            icon="eject"
            size="s"
            aria-label={`Unload ${name}`}
            disabled={state === 'unloading'}
            onClick={() => attempt(host.calls.unload(model))}
          >
            Unload
          </Button>
        </div>
      </div>
    </li>
  )
}

function useLoaded(host: HostClient): readonly Loaded[] {
  const [loaded, setLoaded] = useState<readonly Loaded[]>([])
  useEffect(() => {
    const watch = host.watch((message) => setLoaded((before) => follow(before, message)))
    return () => watch[Symbol.dispose]()
  }, [host])
  return loaded
}
