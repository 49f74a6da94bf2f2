import type { EngineName, HostView, ModelCard } from '../host/index.js'
import { FIT_RANK } from './filters.js'
import { isShort, recommend } from './recommend.js'

/** A model as it is best had here, with its other versions: other engines, quantizations and context lengths. */
export interface CardGroup {
  readonly best: ModelCard
  readonly others: readonly ModelCard[]
}

/** Up to so many models are shown each by itself: whoever has searched for one wants to see all there is of it. */
const ALL_SHOWN = 12

/**
 * Models to be had, the versions of one model together. The recommended one comes first, then what fits before what
 * does not, the small before the big, and those whose size nobody tells last.
 */
export function groupCards(
  cards: readonly ModelCard[],
  view: Pick<HostView, 'models' | 'machine' | 'storage' | 'downloads'>,
): CardGroup[] {
  const quick: EngineName = view.machine.gpu === null || view.machine.gpu.software ? 'wllama' : 'webllm'
  const first = recommend(view)?.card
  const busy = new Set(view.downloads.map(({ model }) => model))
  const families = new Map<string, ModelCard[]>()
  for (const card of cards) {
    // What is being downloaded is never folded away, two versions at a time either.
    const key = cards.length <= ALL_SHOWN || busy.has(card.id) ? card.id : `family ${card.family}`
    families.set(key, [...(families.get(key) ?? []), card])
  }
  const version = (a: ModelCard, b: ModelCard): number =>
    Number(b === first) - Number(a === first) ||
    FIT_RANK[a.fit.verdict] - FIT_RANK[b.fit.verdict] ||
    Number(b.engine === quick) - Number(a.engine === quick) ||
    Number(isShort(a)) - Number(isShort(b)) ||
    bySize(a, b)
  return [...families.values()]
    .flatMap((family): CardGroup[] => {
      const [best, ...others] = family.toSorted(version)
      return best === undefined ? [] : [{ best, others }]
    })
    .toSorted(
      ({ best: a }, { best: b }) =>
        Number(busy.has(b.id)) - Number(busy.has(a.id)) ||
        Number(b === first) - Number(a === first) ||
        FIT_RANK[a.fit.verdict] - FIT_RANK[b.fit.verdict] ||
        bySize(a, b),
    )
}

function bySize(a: ModelCard, b: ModelCard): number {
  return (
    Number(a.bytes <= 0) - Number(b.bytes <= 0) ||
    a.bytes - b.bytes ||
    a.name.localeCompare(b.name, 'en') ||
    (a.id < b.id ? -1 : 1)
  )
}
