import { formatBytes } from '@berth/budget'
import type { Download, HostCalls, ModelCard } from '../host/index.js'
import { Button, IconButton, Menu, confirm, toast, toastError, type MenuItem } from '../shell/index.js'
import { isUsable } from './usable.js'

export interface ModelActionsProps {
  readonly card: ModelCard
  readonly download: Download | undefined
  readonly calls: HostCalls
  readonly onChat: (card: ModelCard) => void
}

/** What can be done with a model, by where it is and what goes on with it. */
export function ModelActions({ card, download, calls, onChat }: ModelActionsProps) {
  if (download !== undefined) return <DownloadActions card={card} download={download} calls={calls} />
  const { id, name, stored } = card
  if (stored.state === 'absent' || stored.state === 'partial') {
    return (
      <Button
        icon="download"
        size="s"
        disabled={card.fit.verdict === 'does-not-fit'}
        aria-label={`Download ${name}`}
        onClick={() => attempt(calls.download(id))}
      >
        {stored.state === 'partial' ? 'Go on' : 'Download'}
      </Button>
    )
  }
  return (
    <>
      {isUsable(card) && (
        <Button icon="chat" size="s" aria-label={`Chat with ${name}`} onClick={() => onChat(card)}>
          Chat
        </Button>
      )}
      {stored.state === 'stored' && <Menu label={`Actions for ${name}`} items={menuItems(card, calls)} />}
    </>
  )
}

function menuItems(card: ModelCard, calls: HostCalls): readonly MenuItem[] {
  const load: MenuItem = { label: 'Load now', icon: 'play', onSelect: () => attempt(calls.preload(card.id)) }
  const remove: MenuItem = {
    label: 'Delete',
    icon: 'trash',
    danger: true,
    onSelect: () => void deleteModel(card, calls),
  }
  return card.loaded || card.fit.verdict === 'does-not-fit' ? [remove] : [load, remove]
}

type DownloadActionsProps = Pick<ModelActionsProps, 'card' | 'calls'> & { readonly download: Download }

function DownloadActions({ card: { id, name }, download, calls }: DownloadActionsProps) {
  return (
    <>
      {download.state === 'running' ? (
        <IconButton
          icon="pause"
          size="s"
          label={`Pause the download of ${name}`}
          onClick={() => attempt(calls.pauseDownload(id))}
        />
      ) : (
        <IconButton
          icon={download.state === 'failed' ? 'refresh' : 'play'}
          size="s"
          label={`${download.state === 'failed' ? 'Try' : 'Go on with'} the download of ${name}${download.state === 'failed' ? ' again' : ''}`}
          onClick={() => attempt(calls.download(id))}
        />
      )}
      <IconButton
        icon="close"
        size="s"
        label={`Cancel the download of ${name}`}
        onClick={() => void cancelDownload(name, download, () => calls.cancelDownload(id))}
      />
    </>
  )
}

async function cancelDownload(name: string, { loadedBytes }: Download, cancel: () => Promise<void>) {
  // Little is fetched again in no time; the rest is worth a question.
  const sure =
    loadedBytes < 20e6 ||
    (await confirm({
      title: 'Cancel the download?',
      body: <p>{`${formatBytes(loadedBytes)} of ${name} that are here already are thrown away.`}</p>,
      action: 'Throw away',
      danger: true,
    }))
  if (sure) attempt(cancel())
}

async function deleteModel({ id, name, stored, loaded }: ModelCard, calls: HostCalls): Promise<void> {
  const sure = await confirm({
    title: `Delete ${name}?`,
    body: (
      <p>
        {`This frees ${formatBytes(stored.bytes)} of this browser's storage. Conversations stay.`}
        {loaded && ' It is loaded now and leaves memory first.'}
      </p>
    ),
    action: 'Delete',
    danger: true,
  })
  if (!sure) return
  try {
    await calls.deleteModel(id)
    toast(`${name} was deleted.`, { kind: 'ok' })
  } catch (error) {
    toastError(error)
  }
}

/** Says what went wrong, where something does. */
export function attempt(call: Promise<void>): void {
  call.catch(toastError)
}
