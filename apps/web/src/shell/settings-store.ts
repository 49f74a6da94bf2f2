import { signal, type ReadonlySignal } from '@preact/signals'
import { DEFAULT_SETTINGS, readSettings, writeSettings, type Settings } from '../storage/index.js'
import { showTheme } from './theme.js'

const current = signal<Settings>(DEFAULT_SETTINGS)

/** What the user has set, in this tab and the others; the defaults until they have been read. */
export const settings: ReadonlySignal<Settings> = current

/** Whether what was stored has been read. */
const settingsRead = signal(false)

/** Says to other tabs that something was stored. */
const CHANNEL = 'berth-settings'

/** Changes are stored one after another, so that two of them never lose each other's. */
let last: Promise<void> = Promise.resolve()
let channel: BroadcastChannel | null = null
let tellHost: () => Promise<void> = async () => {}

/**
 * Reads the settings and follows those of other tabs.
 * @param changed tells the host; called after each change that this tab stored
 */
export async function openSettings(changed: () => Promise<void>): Promise<void> {
  tellHost = changed
  channel ??= new BroadcastChannel(CHANNEL)
  channel.addEventListener('message', () => void read())
  await read()
}

/** Shows a change at once and stores it. Rejects where it cannot be stored or the host did not take it. */
export async function updateSettings(patch: Partial<Settings>): Promise<void> {
  show({ ...current.peek(), ...patch })
  const stored = last.then(async () => {
    // From what is stored: another tab may have changed something else, or this one not have read it yet.
    const next = { ...(await readSettings()), ...patch }
    await writeSettings(next)
    show(next)
  })
  last = stored.catch(() => {})
  await stored
  channel?.postMessage(null)
  await tellHost()
}

async function read(): Promise<void> {
  show(await readSettings())
  settingsRead.value = true
}

function show(next: Settings): void {
  if (next.theme !== current.peek().theme || !settingsRead.peek()) showTheme(next.theme)
  current.value = next
}
