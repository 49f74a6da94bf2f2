import type { Snapshot } from '@berth/scheduler'
import { useEffect, useState } from 'preact/hooks'
import type { HostClient } from '../host/index.js'
import { PageHeader } from '../shell/index.js'

/** What the scheduler of this browser does. */
export function ActivityPage({ host }: { readonly host: HostClient }) {
  const [snapshot, setSnapshot] = useState<Snapshot | null>(null)
  useEffect(() => {
    const watch = host.watch((message) => {
      if (message.type === 'snapshot') setSnapshot(message.snapshot)
    })
    return () => watch[Symbol.dispose]()
  }, [host])
  return (
    <>
      <PageHeader title="Activity" />
      {snapshot !== null && (
        <p>
          {snapshot.runners.length} in memory, {snapshot.queue.length} waiting
        </p>
      )}
    </>
  )
}
