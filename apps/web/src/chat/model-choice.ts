import { formatBytes } from '@berth/budget'
import type { ModelCard } from '../host/index.js'

/** Whether a model can be talked to here. */
export function canChat(card: ModelCard): boolean {
  return card.capabilities.includes('chat') && card.fit.verdict !== 'does-not-fit'
}

/** Whether it answers without a download. */
function atHand(card: ModelCard): boolean {
  return card.loaded || card.stored.state === 'stored' || card.stored.state === 'elsewhere'
}

/**
 * The conversation's own model where the list has it; else the last one that was used; else the best that answers
 * without a download. Null where there is none: then one has to be chosen.
 */
export function defaultModel(
  models: readonly ModelCard[],
  own: string | null,
  recent: string | null,
): ModelCard | null {
  const chosen = models.find((card) => card.id === own)
  if (chosen !== undefined) return chosen
  const last = models.find((card) => card.id === recent)
  if (last !== undefined && canChat(last)) return last
  return models.filter((card) => canChat(card) && atHand(card)).toSorted(byReadiness)[0] ?? null
}

function byReadiness(a: ModelCard, b: ModelCard): number {
  return Number(b.loaded) - Number(a.loaded) || (b.parameters ?? 0) - (a.parameters ?? 0) || b.bytes - a.bytes
}

/** Models in the groups in which the picker shows them; empty groups are left out. */
export function groupModels(
  models: readonly ModelCard[],
  words: string,
): { name: string; cards: ModelCard[] }[] {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const matching = models.filter((card) => {
    if (!card.capabilities.includes('chat')) return false
    const text =
      `${card.name} ${card.id} ${card.from} ${card.quantization ?? ''} ${card.capabilities.join(' ')}`.toLowerCase()
    return wanted.every((word) => text.includes(word))
  })
  const groups = new Map<string, ModelCard[]>()
  // One version of each will do until somebody looks for more: the lists have hundreds.
  const shown = wanted.length === 0 ? oneOfEach(matching) : matching
  for (const card of shown.toSorted(inPicker)) {
    const name = groupOf(card)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [card])
    else group.push(card)
  }
  return [...groups]
    .map(([name, cards]) => ({ name, cards }))
    .toSorted((a, b) => GROUPS(a.name) - GROUPS(b.name))
}

const LOADED = 'Ready now'
const HERE = 'On this device'
const TO_GET = 'To download'

function groupOf(card: ModelCard): string {
  if (card.loaded) return LOADED
  if (card.place === 'server') return capital(card.from)
  return card.stored.state === 'stored' ? HERE : TO_GET
}

function GROUPS(name: string): number {
  return name === LOADED ? 0 : name === HERE ? 1 : name === TO_GET ? 3 : 2
}

const FIT_ORDER = { fits: 0, unknown: 0, tight: 1, 'does-not-fit': 2 } as const

function inPicker(a: ModelCard, b: ModelCard): number {
  return (
    FIT_ORDER[a.fit.verdict] - FIT_ORDER[b.fit.verdict] ||
    (a.parameters ?? a.bytes) - (b.parameters ?? b.bytes) ||
    a.name.localeCompare(b.name)
  )
}

/** Of the models to download one of a family: that which fits best, and of those the smallest download. */
function oneOfEach(models: readonly ModelCard[]): ModelCard[] {
  const best = new Map<string, ModelCard>()
  for (const card of models) {
    const other = best.get(card.family)
    if (groupOf(card) === TO_GET && (other === undefined || byEase(card, other) < 0))
      best.set(card.family, card)
  }
  return models.filter((card) => groupOf(card) !== TO_GET || best.get(card.family) === card)
}

function byEase(a: ModelCard, b: ModelCard): number {
  return (
    FIT_ORDER[a.fit.verdict] - FIT_ORDER[b.fit.verdict] ||
    Number(a.bytes <= 0) - Number(b.bytes <= 0) ||
    a.bytes - b.bytes
  )
}

/** What there is to say of a model in a line: size, kind, where it is, what is still to download. */
export function cardFacts(card: ModelCard): string {
  const about = card.bytesGuessed === true ? 'about ' : ''
  const size = card.bytes > 0 ? `${about}${formatBytes(card.bytes)}` : null
  const stored =
    card.stored.state === 'absent' && size !== null
      ? `${size} to download`
      : card.stored.state === 'partial'
        ? `${size ?? ''} (${formatBytes(card.stored.bytes)} downloaded)`
        : size
  return [stored, card.quantization, card.from].filter((part) => part !== null).join(' · ')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
