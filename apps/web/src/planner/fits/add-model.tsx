import { ggufAddress } from '@berth/protocol'
import { useState } from 'preact/hooks'
import type { HostView, ModelCard } from '../../host/index.js'
import { Button, Dialog, Field, Segmented, TextInput } from '../../shell/index.js'
import { KNOWN_MODELS } from '../known-models.js'
import type { ModelRef } from '../state.js'
import { NumbersForm } from './numbers-form.js'
import { trust } from './resolve.js'

export interface AddModelProps {
  readonly open: boolean
  readonly view: HostView | null
  readonly onClose: () => void
  readonly onAdd: (model: ModelRef) => void
}

const WAYS = [
  { value: 'list', label: 'From a list' },
  { value: 'address', label: 'GGUF address' },
  { value: 'numbers', label: 'By numbers' },
] as const

/** Takes a model to plan for, from wherever its figures are. */
export function AddModel({ open, view, onClose, onAdd }: AddModelProps) {
  const [way, setWay] = useState<(typeof WAYS)[number]['value']>('list')
  const add = (model: ModelRef): void => {
    onAdd(model)
    onClose()
  }
  return (
    <Dialog open={open} onClose={onClose} title="Add a model">
      <div class="planner-add">
        <Segmented label="Where its figures are" value={way} options={WAYS} onChange={setWay} />
        {way === 'list' && <FromList view={view} onAdd={add} />}
        {way === 'address' && <ByAddress onAdd={add} />}
        {way === 'numbers' && <NumbersForm onAdd={add} />}
      </div>
    </Dialog>
  )
}

/** Found models that are shown; more would not be read. */
const SHOWN = 12

function FromList({
  view,
  onAdd,
}: {
  readonly view: HostView | null
  readonly onAdd: AddModelProps['onAdd']
}) {
  const [search, setSearch] = useState('')
  const words = search.toLowerCase().split(/\s+/)
  const found = listed(view).filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)))
  return (
    <>
      <Field label="Search" hint="Models of your servers and of this browser, and some that are well known.">
        {(control) => (
          <TextInput {...control} icon="search" inputMode="search" value={search} onInput={setSearch} />
        )}
      </Field>
      <ul class="planner-found">
        {found.slice(0, SHOWN).map(({ ref, name, from }) => (
          <li key={`${name} ${from}`}>
            <button type="button" onClick={() => onAdd(ref)}>
              <span>{name}</span> <span class="planner-quiet">{from}</span>
            </button>
          </li>
        ))}
      </ul>
      <p class="planner-quiet" role="status">
        {found.length === 0
          ? 'No model is called that.'
          : found.length > SHOWN
            ? `${found.length - SHOWN} more: search for them.`
            : ''}
      </p>
    </>
  )
}

interface Listed {
  readonly ref: ModelRef
  readonly name: string
  readonly from: string
  /** What is searched. */
  readonly text: string
}

function listed(view: HostView | null): readonly Listed[] {
  const known = KNOWN_MODELS.map(({ id, name, quantization }): Listed => {
    const from = `well known, ${quantization}`
    return { ref: { kind: 'known', id }, name, from, text: `${name} ${from}` }
  })
  const cards = (view?.models ?? []).flatMap((card): readonly Listed[] => {
    const ref = refOf(card, view?.servers ?? [])
    if (ref === null) return []
    const from = [card.from, card.quantization].filter((word) => word !== null).join(', ')
    return [{ ref, name: card.name, from, text: `${card.name} ${from}` }]
  })
  return [
    ...cards.filter(({ ref }) => ref.kind === 'server'),
    ...known,
    ...cards.filter(({ ref }) => ref.kind !== 'server'),
  ]
}

/** Null where nobody would tell what it needs. */
function refOf(card: ModelCard, servers: HostView['servers']): ModelRef | null {
  if (card.engine === 'webllm') return card.profile === undefined ? null : { kind: 'webllm', id: card.id }
  // The host's ids are a word of the engine's or the server's address, a slash, and the model's own.
  if (card.engine === 'wllama') return { kind: 'gguf', url: card.id.replace(/^gguf\//, '') }
  const server = servers.find(({ address }) => card.id.startsWith(`${address}/`))
  if (server === undefined) return null
  const { address } = server
  return {
    kind: 'server',
    address: address === location.origin ? '' : address,
    name: card.id.slice(address.length + 1),
  }
}

function ByAddress({ onAdd }: { readonly onAdd: AddModelProps['onAdd'] }) {
  const [text, setText] = useState('')
  const [error, setError] = useState<string | undefined>()
  return (
    <form
      class="planner-form"
      onSubmit={(event) => {
        event.preventDefault()
        const address = ggufAddress(text)
        if (!address.ok) {
          setError(address.why)
          return
        }
        trust(address.url)
        onAdd({ kind: 'gguf', url: address.url })
      }}
    >
      <Field
        label="Address of a GGUF file"
        error={error}
        hint="Only its head is fetched. Its server must let other pages read parts of it (CORS, ranges), as hf.co does."
      >
        {(control) => (
          <TextInput
            {...control}
            inputMode="url"
            autocomplete="off"
            placeholder="hf.co/USER/REPO/FILE.gguf"
            value={text}
            onInput={(value) => {
              setText(value)
              setError(undefined)
            }}
          />
        )}
      </Field>
      <Button type="submit" variant="primary">
        Add
      </Button>
    </form>
  )
}
