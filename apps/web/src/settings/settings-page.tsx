import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import type { Settings } from '../storage/index.js'
import { DEFAULT_SETTINGS } from '../storage/index.js'
import {
  Button,
  Field,
  IconButton,
  PageHeader,
  Segmented,
  Select,
  confirm,
  settings,
  toast,
  toastError,
  updateSettings,
  type Option,
} from '../shell/index.js'
import { MemorySection } from './memory-section.js'
import { ServerDialog } from './server-dialog.js'
import { ServerList } from './server-list.js'
import './settings.css'

const MINUTE = 60_000

const KEEP_ALIVE: readonly Option<string>[] = [
  { value: '0', label: 'Leaves at once' },
  { value: String(MINUTE), label: '1 minute' },
  { value: String(5 * MINUTE), label: '5 minutes' },
  { value: String(30 * MINUTE), label: '30 minutes' },
  { value: String(120 * MINUTE), label: '2 hours' },
  { value: '-1', label: 'Until memory is needed' },
]

const MOST_LOADED: readonly Option<string>[] = [
  { value: '0', label: 'As many as fit' },
  ...['1', '2', '3', '4'].map((count) => ({ value: count, label: count })),
]

export interface SettingsPageProps {
  /** What there is to do with conversations, such as to export them. */
  readonly data?: ComponentChildren
}

export function SettingsPage({ data }: SettingsPageProps) {
  const now = settings.value
  const [adding, setAdding] = useState(false)
  return (
    <>
      <PageHeader title="Settings" />
      <div class="shell-scroll">
        <div class="settings">
          <Section title="Appearance">
            <Segmented
              label="Theme"
              value={now.theme}
              options={[
                { value: 'system', label: 'System', icon: 'monitor' },
                { value: 'light', label: 'Light', icon: 'sun' },
                { value: 'dark', label: 'Dark', icon: 'moon' },
              ]}
              onChange={(theme) => change({ theme })}
            />
          </Section>
          <Section title="Where conversations run">
            <Segmented
              label="Where conversations run"
              value={now.where}
              options={[
                { value: 'auto', label: 'Automatic', icon: 'sparkle' },
                { value: 'browser', label: 'This browser', icon: 'chip' },
                { value: 'server', label: 'A server', icon: 'server' },
              ]}
              onChange={(where) => change({ where })}
            />
            <p class="settings-hint">
              Automatic is where the model is loaded already, else where it fits. Each conversation can have
              its own.
            </p>
          </Section>
          <Section title="Memory">
            <MemorySection />
          </Section>
          <Section title="Models">
            <Field
              label="An idle model stays loaded"
              hint="Longer is a quicker next answer, and less room for others."
            >
              {(control) => (
                <Select
                  {...control}
                  value={String(now.keepAliveMs)}
                  options={withCurrent(KEEP_ALIVE, String(now.keepAliveMs), `${now.keepAliveMs / 1_000} s`)}
                  onChange={(value) => change({ keepAliveMs: Number(value) })}
                />
              )}
            </Field>
            <Field label="Most models loaded at one time">
              {(control) => (
                <Select
                  {...control}
                  value={String(now.maxLoaded)}
                  options={withCurrent(MOST_LOADED, String(now.maxLoaded), String(now.maxLoaded))}
                  onChange={(value) => change({ maxLoaded: Number(value) })}
                />
              )}
            </Field>
            <ModelAddresses addresses={now.modelAddresses} />
          </Section>
          <Section title="Servers">
            <ServerList />
            <div>
              <Button icon="plus" onClick={() => setAdding(true)}>
                Add a server
              </Button>
            </div>
          </Section>
          <Section title="Data">
            <p class="settings-hint">
              Conversations, settings and models are kept in this browser only. Clearing the site’s data
              clears them.
            </p>
            <div class="settings-buttons">
              {data}
              <Button onClick={() => void reset()}>Reset the settings</Button>
            </div>
          </Section>
        </div>
      </div>
      <ServerDialog open={adding} editing={null} onClose={() => setAdding(false)} />
    </>
  )
}

interface SectionProps {
  readonly title: string
  readonly children: ComponentChildren
}

function Section({ title, children }: SectionProps) {
  const id = useId()
  return (
    <section class="settings-section" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div class="settings-card">{children}</div>
    </section>
  )
}

function ModelAddresses({ addresses }: { readonly addresses: readonly string[] }) {
  if (addresses.length === 0) return null
  return (
    <div class="field">
      <span class="field-label" id="model-addresses">
        Models added by address
      </span>
      <ul class="servers" aria-labelledby="model-addresses">
        {addresses.map((address) => (
          <li class="server" key={address}>
            <span class="server-address">{address}</span>
            <IconButton
              icon="trash"
              size="s"
              label={`Remove ${address}`}
              onClick={() => change({ modelAddresses: addresses.filter((each) => each !== address) })}
            />
          </li>
        ))}
      </ul>
    </div>
  )
}

/** A value that was set elsewhere is shown too, and not changed by looking at it. */
function withCurrent(
  options: readonly Option<string>[],
  value: string,
  label: string,
): readonly Option<string>[] {
  return options.some((option) => option.value === value) ? options : [...options, { value, label }]
}

function change(patch: Partial<Settings>): void {
  updateSettings(patch).catch(toastError)
}

async function reset(): Promise<void> {
  const sure = await confirm({
    title: 'Reset the settings?',
    body: (
      <p>
        Theme, budgets, servers with their keys and model addresses go back to what they were at first.
        Conversations and models stay.
      </p>
    ),
    action: 'Reset',
    danger: true,
  })
  if (!sure) return
  try {
    await updateSettings(DEFAULT_SETTINGS)
    toast('The settings are as they were at first.', { kind: 'ok' })
  } catch (error) {
    toastError(error)
  }
}
