import { signal, type ReadonlySignal } from '@preact/signals'
import { ggufAddress, httpSource, readGguf } from '@berth/protocol'
import type { OllamaShowResponse } from '@berth/protocol'
import type { Snapshot } from '@berth/scheduler'
import type { HostView } from '../../host/index.js'
import { settings } from '../../shell/index.js'
import { machineText, modelText } from '../address/encode.js'
import type { MachineRef, ModelRef } from '../state.js'
import { localMachine, serverMachine } from './machine.js'
import type { PlannedMachine } from './machine.js'
import { factsAtHand, factsOfFile, factsOfShown } from './model-facts.js'
import type { ModelFacts } from './model-facts.js'

/** Something that may have to be fetched first. */
export type Looked<Value> =
  | { readonly state: 'loading' }
  /** The address names a machine that nobody here has named before: the user says whether it is to be asked. */
  | { readonly state: 'asks'; readonly origin: string }
  | { readonly state: 'ready'; readonly value: Value }
  | { readonly state: 'failed'; readonly why: string }

const LOADING = { state: 'loading' } as const

/** What was asked for, by its text in the address; kept while the page is open, so that nothing is fetched twice. */
const models = new Map<string, ReadonlySignal<Looked<ModelFacts>>>()
const machines = new Map<string, ReadonlySignal<Looked<PlannedMachine>>>()

/** Whom a link may have this browser ask without a word: the rest would be somebody else's choice of whom it calls. */
const trusted = signal<ReadonlySet<string>>(new Set(['https://huggingface.co']))

/** The user has named this address, or agreed to it. */
export function trust(address: string): void {
  trusted.value = new Set([...trusted.peek(), new URL(address, location.origin).origin])
}

function asks(address: string): Extract<Looked<never>, { state: 'asks' }> | null {
  const { origin } = new URL(address, location.origin)
  const known =
    origin === location.origin || settings.value.servers.some((server) => server.address.startsWith(origin))
  return known || trusted.value.has(origin) ? null : { state: 'asks', origin }
}

/** A model's facts; reading it in a component draws that anew when they have come. */
export function lookAtModel(ref: ModelRef, view: HostView | null): Looked<ModelFacts> {
  const atHand = factsAtHand(ref, view?.models ?? [])
  if (atHand !== null) return { state: 'ready', value: atHand }
  if (ref.kind === 'gguf')
    return asks(ref.url) ?? fetched(models, modelText(ref), () => fileFacts(ref.url)).value
  if (ref.kind === 'server') {
    const from = serverOf(ref.address)
    return asks(from.address) ?? fetched(models, modelText(ref), () => shownFacts(ref.name, from)).value
  }
  // The lists of models are read while the page opens.
  if (view === null || view.models.length === 0) return LOADING
  return { state: 'failed', why: 'This browser’s list has no such model, or does not know what it needs.' }
}

export function lookAtMachine(ref: MachineRef, view: HostView | null): Looked<PlannedMachine> {
  if (ref.kind === 'server') {
    const from = serverOf(ref.address)
    return asks(from.address) ?? fetched(machines, machineText(ref), () => machineAt(from)).value
  }
  const machine = localMachine(ref, view?.machine ?? null)
  return machine === null ? LOADING : { state: 'ready', value: machine }
}

/** Asks again for what could not be had. */
export function lookAgain(ref: ModelRef | MachineRef): void {
  if (ref.kind === 'gguf' || (ref.kind === 'server' && 'name' in ref)) models.delete(modelText(ref))
  else if (ref.kind === 'server') machines.delete(machineText(ref))
  tries.value += 1
}

/** What was looked up is looked up again by whoever shows it when this changes. */
const tries = signal(0)

function fetched<Value>(
  kept: Map<string, ReadonlySignal<Looked<Value>>>,
  key: string,
  fetch: () => Promise<Value>,
): ReadonlySignal<Looked<Value>> {
  void tries.value
  const known = kept.get(key)
  if (known !== undefined) return known
  const looked = signal<Looked<Value>>(LOADING)
  kept.set(key, looked)
  fetch().then(
    (value) => (looked.value = { state: 'ready', value }),
    (error: unknown) =>
      (looked.value = { state: 'failed', why: error instanceof Error ? error.message : String(error) }),
  )
  return looked
}

/** The head of the file alone is fetched. */
async function fileFacts(url: string): Promise<ModelFacts> {
  const address = ggufAddress(url)
  if (!address.ok) throw new Error(address.why)
  const source = await httpSource(address.url, (from, init) => fetch(from, init))
  return factsOfFile(address.name, await readGguf(source))
}

interface Server {
  readonly name: string
  readonly address: string
  readonly key: string | null
}

function serverOf(address: string): Server {
  if (address === '' || address === location.origin)
    return { name: 'this server', address: location.origin, key: settings.peek().ownKey }
  const known = settings.peek().servers.find((server) => server.address === address)
  // A link may name a server that this browser does not know; it is asked for what it tells anybody.
  return { name: known?.name ?? address, address, key: known?.key ?? null }
}

async function shownFacts(model: string, server: Server): Promise<ModelFacts> {
  const shown = await ask<OllamaShowResponse>(server, '/api/show', { model, verbose: true })
  return factsOfShown(model, server.name, shown)
}

async function machineAt(server: Server): Promise<PlannedMachine> {
  const { devices } = await ask<Snapshot>(server, '/api/berth/snapshot')
  if (!Array.isArray(devices)) throw new Error(`${server.name} does not tell what it has`)
  return serverMachine(`the machine of ${server.name}`, devices)
}

async function ask<Answer>({ name, address, key }: Server, path: string, body?: object): Promise<Answer> {
  const headers = {
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(address + path, { headers, ...sent }).catch((error: unknown) => {
    throw new Error(`${name} cannot be reached`, { cause: error })
  })
  if (!response.ok)
    throw new Error(`${name} answers ${response.status}: ${await response.text()}`.slice(0, 300))
  const answer: Answer = await response.json()
  return answer
}
