import { explain, remoteAddress, type RemoteKind } from '@berth/protocol'
import { z } from 'zod'
import { settingTexts, type SettingText } from './setting.js'

/** Another server whose models are offered here as well. */
export interface UpstreamConfig {
  /** For messages and the log; no two have the same. */
  readonly name: string
  readonly address: string
  readonly kind: RemoteKind
  readonly key?: string | undefined
  /** Requests at one time, over all its models. */
  readonly maxConcurrent: number
}

const KIND = 'expected "berth", "ollama" or "openai"'
const ADDRESS = 'expected an address such as "http://192.168.1.20:11434"'
const COUNT = 'expected a whole number of at least 1'

const Upstream = z
  .strictObject(
    {
      name: z.string({ error: 'expected a text' }).min(1, { error: 'expected a text' }).optional(),
      address: z.string({ error: ADDRESS }),
      kind: z.enum(['berth', 'ollama', 'openai'], { error: KIND }).default('ollama'),
      key: z.string({ error: 'expected a text' }).min(1, { error: 'expected a text' }).optional(),
      maxConcurrent: z.int({ error: COUNT }).min(1, { error: COUNT }).default(4),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `expected no more than name, address, kind, key and maxConcurrent, not ${issue.keys.join(', ')}`
          : 'expected an object with name, address, kind, key and maxConcurrent',
    },
  )
  .superRefine(({ address, kind }, context) => {
    if (remoteAddress(address, kind) === null) {
      context.addIssue({ code: 'custom', path: ['address'], message: ADDRESS })
    }
  })
  .transform(({ name, ...rest }): UpstreamConfig => ({
    ...rest,
    // Without the scheme it is as people speak of it.
    name: name ?? rest.address.replace(/^https?:\/\//i, '').replace(/\/.*$/, ''),
  }))

const Upstreams = z.array(Upstream).superRefine((all, context) => {
  const names = all.map(({ name }) => name)
  const twice = names.findIndex((name, at) => names.indexOf(name) < at)
  if (twice >= 0) {
    context.addIssue({ code: 'custom', path: [twice], message: 'expected a name of its own' })
  }
})

const RIGHT =
  'expected a JSON list of {"name", "address", "kind", "key", "maxConcurrent"}, or addresses with commas between them'

/** A list of servers: in a file as JSON; in a flag or a variable as JSON too, or as addresses alone. */
export function upstreamsSetting(text: SettingText) {
  const schema = z
    .union([z.string(), z.array(z.unknown())], { error: RIGHT })
    .optional()
    .transform((raw, context): readonly UpstreamConfig[] => {
      const list = typeof raw === 'string' ? listOf(raw) : (raw ?? [])
      if (list === undefined) {
        context.addIssue({ code: 'custom', message: RIGHT })
        return z.NEVER
      }
      const parsed = Upstreams.safeParse(list)
      if (parsed.success) return parsed.data
      for (const { message } of explain(parsed.error, list)) {
        context.addIssue({ code: 'custom', message: hidden(message) })
      }
      return z.NEVER
    })
  settingTexts.add(schema, text)
  return schema
}

function listOf(text: string): readonly unknown[] | undefined {
  if (!/^\s*[[{]/.test(text)) {
    const parts = text.split(',').map((part) => part.trim())
    return parts.filter((part) => part !== '').map((address) => ({ address }))
  }
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : [value]
  } catch {
    return undefined
  }
}

/** A value that was cut short for a message may have no end. */
const KEY_IN_TEXT = /("key"\s*:\s*")(?:[^"\\]|\\.)*("|$)/g

const hidden = (text: string): string => text.replaceAll(KEY_IN_TEXT, '$1…$2')

/** A setting's value for a message: keys are nobody's business. */
export function withoutKeys(value: unknown): string {
  const text = JSON.stringify(value, (name, inner: unknown) => {
    if (name === 'key') return '…'
    return typeof inner === 'string' ? hidden(inner) : inner
  })
  return text ?? String(value)
}
