import type { Bytes } from '@berth/budget'
import type { Capability, Fit, ModelCard, Place } from '../host/index.js'

/** What to see of the list. */
export interface Filters {
  /** Words that must all be found in the name, the place or the like. */
  readonly search: string
  readonly place: Place | 'all'
  readonly kind: Capability | 'all'
  readonly size: SizeClass | 'all'
  /** As the cards have it; `none`: those that tell none. */
  readonly license: string
  /** `usable`: all that is not known not to fit. */
  readonly fit: Fit['verdict'] | 'usable' | 'all'
}

export const NO_FILTERS: Filters = {
  search: '',
  place: 'all',
  kind: 'all',
  size: 'all',
  license: 'all',
  fit: 'all',
}

export type SizeClass = 'small' | 'medium' | 'large'

const GB = 1e9
/** Bytes up to which a model is of the class; the last has no bound. */
const UP_TO: Readonly<Record<SizeClass, Bytes>> = {
  small: GB,
  medium: 4 * GB,
  large: Number.POSITIVE_INFINITY,
}

/** Those of the list that the filters let through, in its order. */
export function filterCards(cards: readonly ModelCard[], filters: Filters): ModelCard[] {
  const words = filters.search.toLowerCase().split(/\s+/).filter(Boolean)
  return cards.filter(
    (card) =>
      (filters.place === 'all' || card.place === filters.place) &&
      (filters.kind === 'all' || card.capabilities.includes(filters.kind)) &&
      (filters.size === 'all' || sizeClass(card.bytes) === filters.size) &&
      (filters.license === 'all' || (card.license ?? 'none') === filters.license) &&
      fits(card.fit, filters.fit) &&
      words.every((word) => textOf(card).includes(word)),
  )
}

/** Null where nobody tells the size. */
export function sizeClass(bytes: Bytes): SizeClass | null {
  if (bytes <= 0) return null
  return bytes <= UP_TO.small ? 'small' : bytes <= UP_TO.medium ? 'medium' : 'large'
}

/** The licences of a list, each once, in alphabetical order; those without one come last, as `none`. */
export function licensesOf(cards: readonly ModelCard[]): string[] {
  const named = [...new Set(cards.flatMap(({ license }) => (license === null ? [] : [license])))].toSorted(
    (a, b) => a.localeCompare(b, 'en'),
  )
  return cards.some(({ license }) => license === null) ? [...named, 'none'] : named
}

/**
 * The list as two: what is here (on this disk in whole or in part, or on a server) and what can be had.
 * What fits comes first, then the small before the big, and those whose size nobody tells after them.
 */
export function shelves(cards: readonly ModelCard[]): {
  readonly here: ModelCard[]
  readonly toHave: ModelCard[]
} {
  const ordered = cards.toSorted(
    (a, b) =>
      Number(b.loaded) - Number(a.loaded) ||
      FIT_RANK[a.fit.verdict] - FIT_RANK[b.fit.verdict] ||
      Number(a.bytes <= 0) - Number(b.bytes <= 0) ||
      a.bytes - b.bytes ||
      a.name.localeCompare(b.name, 'en'),
  )
  return {
    here: ordered.filter(({ stored }) => stored.state !== 'absent'),
    toHave: ordered.filter(({ stored }) => stored.state === 'absent'),
  }
}

/** What fits before what may, and that before what does not. */
export const FIT_RANK: Readonly<Record<Fit['verdict'], number>> = {
  fits: 0,
  unknown: 1,
  tight: 1,
  'does-not-fit': 2,
}

function fits({ verdict }: Fit, wanted: Filters['fit']): boolean {
  if (wanted === 'all') return true
  return wanted === 'usable' ? verdict !== 'does-not-fit' : verdict === wanted
}

function textOf(card: ModelCard): string {
  return [card.name, card.id, card.from, card.license ?? '', card.quantization ?? '', ...card.capabilities]
    .join(' ')
    .toLowerCase()
}
