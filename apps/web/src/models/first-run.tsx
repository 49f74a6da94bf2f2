import { formatBytes } from '@berth/budget'
import { useEffect, useRef } from 'preact/hooks'
import type { ModelId } from '@berth/scheduler'
import type { HostClient, HostView, ModelCard } from '../host/index.js'
import { OwnServerNotice } from '../settings/index.js'
import {
  Button,
  Mark,
  PageHeader,
  Spinner,
  announce,
  formatCount,
  hrefOf,
  toastError,
} from '../shell/index.js'
import { machineText } from './machine-text.js'
import { DownloadLine } from './model-row.js'
import { recommend } from './recommend.js'
import './models.css'
import './first-run.css'

export interface FirstRunProps {
  readonly host: HostClient
  readonly view: HostView
  /** The model that is being fetched; null while nobody has chosen. */
  readonly chosen: ModelId | null
  readonly onChoose: (model: ModelId | null) => void
  /** Called once, when the model is loaded and can be talked to. */
  readonly onReady: (card: ModelCard) => void
}

/** For who has no model yet: what this machine can run, and the way to a conversation in one click. */
export function FirstRun({ host, view, chosen, onChoose, onReady }: FirstRunProps) {
  const recommended = recommend(view)
  const card = view.models.find(({ id }) => id === chosen) ?? recommended?.card ?? null
  return (
    <>
      <PageHeader title="Welcome to Berth" hideTitle />
      <div class="shell-scroll">
        <div class="first-run">
          <Mark size={56} />
          <OwnServerNotice />
          <h2>Talk to a model that runs on your own machine</h2>
          <p class="first-run-machine">{`This machine: ${machineText(view.machine)}`}</p>
          {card === null ? (
            <Nothing view={view} />
          ) : chosen === null ? (
            <Offer card={card} why={recommended?.why ?? ''} onTake={() => onChoose(card.id)} />
          ) : (
            <Fetching host={host} view={view} card={card} onReady={onReady} onStop={() => onChoose(null)} />
          )}
          <p class="first-run-other">
            <a href={hrefOf({ page: 'models' })}>Choose another model</a> or{' '}
            <a href={hrefOf({ page: 'settings' })}>connect a server</a>
          </p>
        </div>
      </div>
    </>
  )
}

/** A download that was begun here before a reload goes on as if nothing had been. */
export function underWay({ downloads, models }: HostView): ModelId | null {
  const running = downloads.find(({ state }) => state === 'running')
  return (
    models.find(({ id, capabilities }) => id === running?.model && capabilities.includes('chat'))?.id ?? null
  )
}

interface OfferProps {
  readonly card: ModelCard
  readonly why: string
  readonly onTake: () => void
}

function Offer({ card, why, onTake }: OfferProps) {
  const left = card.bytes - card.stored.bytes
  return (
    <div class="first-run-offer">
      <h3>{card.name}</h3>
      <p>{why}</p>
      <p class="first-run-facts">
        {[
          card.parameters === null ? null : `${formatCount(card.parameters)} parameters`,
          `${card.bytesGuessed === true ? 'about ' : ''}${formatBytes(left)} to download, once`,
          card.license,
        ]
          .filter((fact) => fact !== null)
          .join(' · ')}
      </p>
      <Button variant="primary" icon="download" onClick={onTake}>
        Download and chat
      </Button>
      <p class="first-run-private">Nothing that you write leaves this machine.</p>
    </div>
  )
}

interface FetchingProps {
  readonly host: HostClient
  readonly view: HostView
  readonly card: ModelCard
  readonly onReady: (card: ModelCard) => void
  readonly onStop: () => void
}

function Fetching({ host, view, card, onReady, onStop }: FetchingProps) {
  const download = view.downloads.find(({ model }) => model === card.id)
  const stored = card.stored.state === 'stored'
  const ready = useRef(onReady)
  ready.current = onReady

  useEffect(() => {
    if (stored) return
    host.calls.download(card.id).catch((error: unknown) => {
      toastError(error)
      onStop()
    })
    // Once: what is paused or has failed after this is for the user to go on with.
  }, [card.id])
  useEffect(() => {
    if (!stored) return
    announce(`${card.name} is here. Loading it.`)
    host.calls.preload(card.id).then(
      () => ready.current(card),
      (error: unknown) => {
        toastError(error)
        onStop()
      },
    )
  }, [stored, card.id])

  return (
    <div class="first-run-offer">
      <h3>{card.name}</h3>
      {stored ? (
        <p class="first-run-loading">
          <Spinner /> Loading it into memory…
        </p>
      ) : download === undefined ? (
        <p class="first-run-loading">
          <Spinner /> Beginning the download…
        </p>
      ) : (
        <>
          <DownloadLine name={card.name} download={download} />
          <div class="first-run-buttons">
            {download.state === 'running' ? (
              <Button icon="pause" onClick={() => void host.calls.pauseDownload(card.id).catch(toastError)}>
                Pause
              </Button>
            ) : (
              <Button
                variant="primary"
                icon={download.state === 'failed' ? 'refresh' : 'play'}
                onClick={() => void host.calls.download(card.id).catch(toastError)}
              >
                {download.state === 'failed' ? 'Try again' : 'Go on'}
              </Button>
            )}
            <Button
              variant="ghost"
              onClick={() => {
                host.calls.cancelDownload(card.id).catch(toastError)
                onStop()
              }}
            >
              Cancel
            </Button>
          </div>
        </>
      )}
    </div>
  )
}

/** No model in any list runs here: say why, by the one that is nearest to fitting. */
function Nothing({ view }: { readonly view: HostView }) {
  const nearest = view.models
    .filter(({ place, capabilities }) => place === 'browser' && capabilities.includes('chat'))
    .toSorted((a, b) => a.bytes - b.bytes)[0]
  return (
    <div class="first-run-offer">
      <h3>No model runs in this browser</h3>
      <p>
        {nearest === undefined
          ? 'No list of models could be read. If you are offline, come back with the network on.'
          : `Even the smallest does not fit: ${nearest.name} ${nearest.fit.why}.`}
      </p>
      <p>A server on this machine or in your network can do the work instead.</p>
    </div>
  )
}
