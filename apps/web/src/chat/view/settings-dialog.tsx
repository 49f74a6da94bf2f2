import { useState } from 'preact/hooks'
import { Button, Dialog, Field, Select, TextInput, toastError } from '../../shell/index.js'
import type { ConversationSettings } from '../../storage/index.js'
import type { Chats } from '../chats.js'
import type { OpenChat } from '../open-chat.js'
import { BUILT_IN, NUMBER_SETTINGS, presetOf, readNumber, withPreset } from '../presets.js'
import type { NumberSetting } from '../presets.js'
import './settings-dialog.css'

export interface SettingsDialogProps {
  readonly chats: Chats
  readonly chat: OpenChat
  readonly onClose: () => void
}

const CUSTOM = ''

/** System prompt and sampling of one conversation. Every change holds from the next answer on. */
export function SettingsDialog({ chats, chat, onClose }: SettingsDialogProps) {
  const { settings } = chat.conversation.value
  const own = chats.presets.value
  const preset = presetOf(settings, own)
  const [name, setName] = useState('')
  const change = (patch: Partial<ConversationSettings>) => void chat.changeSettings(patch)
  const keepPreset = async () => {
    const wanted = name.trim()
    if (wanted === '') return
    await chats.changePresets((now) => [
      ...now.filter((one) => one.name !== wanted),
      { name: wanted, settings },
    ])
    setName('')
  }
  return (
    <Dialog open onClose={onClose} title="Settings of this conversation" wide>
      <Field label="Preset">
        {(control) => (
          <Select
            {...control}
            value={preset ?? CUSTOM}
            options={[
              ...(preset === null ? [{ value: CUSTOM, label: 'Custom' }] : []),
              ...[...own, ...BUILT_IN].map((one) => ({ value: one.name, label: one.name })),
            ]}
            onChange={(value) => {
              const chosen = [...own, ...BUILT_IN].find((one) => one.name === value)
              if (chosen !== undefined) change(withPreset(settings, chosen))
            }}
          />
        )}
      </Field>
      <Field label="System prompt" hint="What the model is told before every conversation.">
        {(control) => (
          <textarea
            {...control}
            class="input settings-system"
            dir="auto"
            rows={4}
            value={settings.system}
            onInput={(event) => change({ system: event.currentTarget.value })}
          />
        )}
      </Field>
      <div class="settings-numbers">
        {NUMBER_SETTINGS.map((setting) => (
          <NumberField
            key={setting.key}
            setting={setting}
            value={settings[setting.key]}
            onChange={(value) => change({ [setting.key]: value })}
          />
        ))}
      </div>
      <div class="settings-presets">
        <Field label="Keep these as a preset">
          {(control) => <TextInput {...control} value={name} placeholder="Its name" onInput={setName} />}
        </Field>
        <Button disabled={name.trim() === ''} onClick={() => void keepPreset().catch(toastError)}>
          Keep
        </Button>
        {own.some((one) => one.name === preset) && (
          <Button
            variant="ghost"
            icon="trash"
            onClick={() =>
              void chats.changePresets((now) => now.filter((one) => one.name !== preset)).catch(toastError)
            }
          >
            Delete “{preset}”
          </Button>
        )}
      </div>
    </Dialog>
  )
}

interface NumberFieldProps {
  readonly setting: NumberSetting
  readonly value: number | null
  readonly onChange: (value: number | null) => void
}

/** What is typed is kept as typed while it is wrong; the setting changes only to what is right. */
function NumberField({ setting, value, onChange }: NumberFieldProps) {
  const [typed, setTyped] = useState<string | null>(null)
  const read = typed === null ? null : readNumber(setting, typed)
  return (
    <Field
      label={setting.label}
      hint={setting.hint}
      error={read !== null && 'error' in read ? read.error : undefined}
    >
      {(control) => (
        <TextInput
          {...control}
          inputMode="decimal"
          placeholder="Default"
          value={typed ?? (value === null ? '' : String(value))}
          onInput={(text) => {
            setTyped(text)
            const result = readNumber(setting, text)
            if ('value' in result) onChange(result.value)
          }}
          onBlur={() => {
            if (read !== null && 'value' in read) setTyped(null)
          }}
        />
      )}
    </Field>
  )
}
