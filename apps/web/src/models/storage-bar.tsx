import { formatBytes } from '@berth/budget'
import type { HostCalls, StorageView } from '../host/index.js'
import { Badge, Button, Meter, toast, toastError } from '../shell/index.js'

/** From this share on, the disk is called nearly full. */
const NEARLY_FULL = 0.85

export interface StorageBarProps {
  readonly storage: StorageView
  readonly calls: HostCalls
}

/** How much of what the browser grants this page is used, and whether it may clear it by itself. */
export function StorageBar({ storage: { usedBytes, quotaBytes, persistent }, calls }: StorageBarProps) {
  const share = quotaBytes > 0 ? usedBytes / quotaBytes : 0
  return (
    <section class="storage" aria-labelledby="storage-title">
      <div class="storage-line">
        <h2 id="storage-title">Storage</h2>
        <p>
          {formatBytes(usedBytes)} used of {formatBytes(quotaBytes)}
        </p>
        {persistent ? (
          <Badge tone="ok" icon="check" title="The browser does not clear it unless you ask it to">
            Kept
          </Badge>
        ) : (
          <Button size="s" variant="ghost" onClick={() => void askToKeep(calls)}>
            Keep it
          </Button>
        )}
      </div>
      <Meter
        value={share}
        label="Storage used"
        tone={share >= 1 ? 'danger' : share >= NEARLY_FULL ? 'warn' : 'accent'}
      />
      {!persistent && (
        <p class="storage-hint">
          The browser may clear models and conversations when the disk runs low. Ask it to keep them.
        </p>
      )}
      {share >= NEARLY_FULL && (
        <p class="storage-hint">Nearly full: delete models that you do not use to make room for others.</p>
      )}
    </section>
  )
}

/** Only a page may ask, not a worker. */
async function askToKeep(calls: HostCalls): Promise<void> {
  try {
    const granted = await navigator.storage.persist()
    await calls.refresh()
    if (granted) toast('The browser keeps models and conversations now.', { kind: 'ok' })
    else
      toast(
        'The browser did not promise it. Browsers do when the page is installed, bookmarked or used often.',
      )
  } catch (error) {
    toastError(error)
  }
}
