import { useComputed } from '@preact/signals'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { HostClient } from '../host/index.js'
import { Badge, PageHeader, Select, Spinner, hrefOf, settings } from '../shell/index.js'
import { formatSpan } from './model/explain.js'
import { browserSource } from './source/browser-source.js'
import type { Followed } from './source/follow.js'
import { serverSource } from './source/server-source.js'
import { ALL_RIGHTS, type Connection, type Source } from './source/source.js'
import { Gauges } from './view/gauges.js'
import { Plots } from './view/plots.js'
import { QueueTable } from './view/queue-table.js'
import { RunnerCards } from './view/runner-cards.js'
import { TimelineView } from './view/timeline.js'
import { useEvery } from './view/use-shown.js'
import { chosenSource, followed } from './watched.js'
import './view/activity.css'

/** What a scheduler does, live: this browser's own, or a connected server's. */
export function ActivityPage({ host }: { readonly host: HostClient }) {
  const choices = useChoices(host)
  const choice = choices.find(({ id }) => id === chosenSource.value) ?? choices[0]
  const shown = useMemo(
    () => (choice === undefined ? null : followed(choice.make(), choice.key)),
    [choice?.key],
  )
  return (
    <>
      <PageHeader title="Activity">
        <div class="activity-source">
          <Select
            aria-label="Whose activity"
            value={choice?.id ?? ''}
            options={choices.map(({ id, name }) => ({ value: id, label: name }))}
            onChange={(id) => (chosenSource.value = id)}
          />
        </div>
      </PageHeader>
      <div class="shell-scroll">
        {shown !== null && <Shown key={choice?.key} followed={shown} host={host} />}
      </div>
    </>
  )
}

interface Choice {
  readonly id: string
  readonly name: string
  /** Changes when it has to be followed anew. */
  readonly key: string
  readonly make: () => Source
}

/** This browser, the page's own server where it is one, and those of the settings that speak Berth's API. */
function useChoices(host: HostClient): readonly Choice[] {
  const choices = useComputed((): readonly Choice[] => {
    const { servers, ownKey } = settings.value
    const own = host.view.value?.servers.some(({ address }) => address === location.origin) ?? false
    const wanted = [
      ...(own ? [{ name: 'This server', address: location.origin, key: ownKey }] : []),
      ...servers
        .filter(({ kind, address }) => kind === 'berth' && address !== location.origin)
        .map(({ name, address, key }) => ({ name, address, key: key ?? null })),
    ]
    return [
      { id: 'browser', name: 'This browser', key: 'browser', make: () => browserSource(host) },
      ...wanted.map(({ name, address, key }) => ({
        id: address,
        name,
        key: `${address} ${key ?? ''}`,
        make: () => serverSource({ name, address, key }),
      })),
    ]
  })
  return choices.value
}

/** How often what is written is written anew at most; the timeline is drawn with each frame. */
const WRITE_MS = 100

function Shown({ followed: shown, host }: { readonly followed: Followed; readonly host: HostClient }) {
  const now = useEvery(1_000)
  useWritten(shown)
  const { activity, drawn, source } = shown
  const connection = shown.connection.value
  const machine = shown.machine.value
  const rights = connection?.rights ?? ALL_RIGHTS
  const acting = useMemo(() => ({ actions: source.actions, rights }), [source, rights])
  const nameOf = useMemo(
    () => (model: string) => host.view.peek()?.models.find(({ id }) => id === model)?.name ?? model,
    [host],
  )
  if (!activity.known) {
    return (
      <div class="activity">
        {connection?.state === 'lost' || connection?.state === 'denied' ? (
          <Notice connection={connection} source={source} now={now} />
        ) : (
          <p class="shell-waiting" role="status">
            <Spinner /> Asking {source.name}…
          </p>
        )}
      </div>
    )
  }
  return (
    <div class="activity">
      {connection !== null && <Notice connection={connection} source={source} now={now} />}
      <p class="activity-about">
        <Badge>policy: {activity.policy}</Badge>
        {!rights.admin && (
          <span>
            The key is a user’s ({rights.client}): it may cancel and lower its own requests. Keeping,
            unloading, raising, and others’ requests need an admin key.
          </span>
        )}
      </p>
      <Gauges activity={activity} machine={machine} />
      <RunnerCards runners={activity.runners} nameOf={nameOf} acting={acting} now={now} />
      <QueueTable
        queue={activity.queue}
        waiting={activity.waiting}
        nameOf={nameOf}
        acting={acting}
        now={now}
      />
      <TimelineView timeline={activity.timeline} drawn={drawn} nameOf={nameOf} now={now} />
      <Plots history={activity.history} />
    </div>
  )
}

/** Draws again when something was folded in, though not so often that nobody could read it. */
function useWritten({ drawn }: Followed): void {
  const [, setCount] = useState(0)
  useEffect(() => {
    let at = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const write = (): void => {
      timer = undefined
      at = performance.now()
      setCount((count) => count + 1)
    }
    const ends = drawn.subscribe(() => {
      timer ??= setTimeout(write, Math.max(0, at + WRITE_MS - performance.now()))
    })
    return () => {
      ends()
      clearTimeout(timer)
    }
  }, [drawn])
}

interface NoticeProps {
  readonly connection: Connection
  readonly source: Source
  readonly now: number
}

/** What keeps the page from being true, where something does. */
function Notice({ connection: { state, why, since }, source, now }: NoticeProps) {
  if (state === 'lost')
    return (
      <p class="activity-notice" role="status">
        Connection to {source.name} lost since {new Date(since).toLocaleTimeString()} (
        {formatSpan(Math.max(0, now - since))}): {why}. It is tried again.
      </p>
    )
  if (state === 'denied')
    return (
      <p class="activity-notice" role="status">
        {source.name} does not let this page watch: {why}. Its key is in the{' '}
        <a href={hrefOf({ page: 'settings' })}>settings</a>.
      </p>
    )
  return null
}
