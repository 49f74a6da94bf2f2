import { useEffect, useState } from 'preact/hooks'
import type { HostClient } from '../host/index.js'
import { toast } from '../shell/index.js'
import { followRequests } from './open-requests.js'
import { keepPage, takeUpdate, updateReady } from './updates.js'

/** Offers a newer page when there is one; what is being answered is answered first. Once in the page. */
export function UpdateOffer({ host }: { readonly host: HostClient }) {
  const offered = updateReady.value
  const [wanted, setWanted] = useState(false)
  useEffect(() => {
    keepPage(() =>
      toast('Berth was updated in another tab.', {
        name: 'update',
        action: { label: 'Reload', onSelect: () => location.reload() },
      }),
    ).catch(() => undefined) // no service worker: the page works, but for being offline
  }, [])
  useEffect(() => {
    if (!offered) return undefined
    return toast('A new version of Berth is here.', {
      name: 'update',
      action: { label: 'Update', onSelect: () => setWanted(true) },
    })
  }, [offered])
  useEffect(() => {
    if (!wanted) return undefined
    return whenIdle(host, takeUpdate, () =>
      toast('Berth is updated when the answer is finished.', { name: 'update' }),
    )
  }, [wanted, host])
  return null
}

/**
 * Calls `then` once nothing is being answered or waited for in this browser, and `busy` if that is not so yet.
 * @returns what ends the waiting
 */
function whenIdle(host: HostClient, then: () => void, busy: () => void): () => void {
  const open = new Set<string>()
  let begun = false
  const watch = host.watch((message) => {
    followRequests(open, message)
    if (open.size === 0) {
      watch[Symbol.dispose]()
      then()
    } else if (!begun) busy()
    begun = true
  })
  return () => watch[Symbol.dispose]()
}
