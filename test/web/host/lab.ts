/** A tab, with what the tests of the host need besides: settings, calls, and what the scheduler says. */
import type { Download, HostCalls, ModelCard } from '../../../apps/web/src/host/index.js'
import { readSettings, writeSettings } from '../../../apps/web/src/storage/index.js'
import type { Settings } from '../../../apps/web/src/storage/index.js'
import { host } from '../tabs/lab.js'

export * from '../tabs/lab.js'

/** Stores settings and tells the host, as the page of settings does. */
export async function set(settings: Partial<Settings>): Promise<void> {
  await writeSettings({ ...(await readSettings()), ...settings })
  await host.calls.settingsChanged()
}

/** The card of the model whose name in the scheduler ends so. */
export function card(end: string): ModelCard | null {
  return host.view.value?.models.find(({ id }) => id.endsWith(end)) ?? null
}

export function loaded(): readonly string[] {
  return (host.view.value?.models ?? []).filter((model) => model.loaded).map(({ name }) => name)
}

/** What came of a call: "done", or the error's words. */
export async function call(name: Exclude<keyof HostCalls, 'pin' | 'reclass'>, model = ''): Promise<string> {
  return await host.calls[name](model).then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
}

export function downloads(): readonly Download[] {
  return host.view.value?.downloads ?? []
}

export function machine() {
  return host.view.value?.machine
}

const evictions: string[] = []

/** Keeps the reasons of evictions from now on. */
export function watchEvictions(): void {
  host.watch((message) => {
    if (message.type !== 'events') return
    for (const event of message.events) if (event.type === 'evicted') evictions.push(event.why)
  })
}

export function evicted(): readonly string[] {
  return evictions
}

/** What loaded models have of a device now. */
export async function reservedBytes(device: string): Promise<number> {
  return await new Promise((resolve) => {
    const watching = host.watch((message) => {
      if (message.type !== 'snapshot') return
      // Not before `watching` is there.
      queueMicrotask(() => watching[Symbol.dispose]())
      resolve(message.snapshot.devices.find((usage) => usage.device.id === device)?.reserved ?? 0)
    })
  })
}
