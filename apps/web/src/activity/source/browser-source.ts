import type { HostClient } from '../../host/index.js'
import { ALL_RIGHTS, type Source } from './source.js'

/** The scheduler of this browser, whichever tab runs it. */
export function browserSource(host: HostClient): Source {
  return {
    id: 'browser',
    name: 'This browser',
    watch: ({ message, connection, machine }) => {
      const tell = (): void => {
        const connecting = host.role.value === 'connecting'
        connection({
          state: connecting ? 'connecting' : 'watching',
          why: null,
          since: Date.now(),
          rights: ALL_RIGHTS,
        })
      }
      const roles = host.role.subscribe(tell)
      const views = host.view.subscribe((view) => {
        // No browser tells how busy the machine is.
        if (view !== null) machine({ cores: view.machine.cores, busy: null })
      })
      const watching = host.watch(message)
      return {
        [Symbol.dispose]() {
          watching[Symbol.dispose]()
          views()
          roles()
        },
      }
    },
    actions: {
      pin: (model, pinned) => host.calls.pin(model, pinned),
      unload: (model) => host.calls.unload(model),
      cancel: (request) => host.calls.cancelRequest(request),
      reclass: (request, to) => host.calls.reclass(request, to),
    },
  }
}
