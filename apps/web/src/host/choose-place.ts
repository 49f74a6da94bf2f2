import type { ModelId } from '@berth/scheduler'
import type { ModelCard, Stored, Where } from './contract.js'

/** What the choice depends on. */
export type Candidate = Pick<ModelCard, 'id' | 'name' | 'family' | 'place' | 'fit' | 'stored' | 'loaded'>

/** The model to take, or why none can be. */
export type Choice =
  { readonly model: ModelId; readonly why: string } | { readonly model: null; readonly why: string }

/**
 * Where a request for a model is answered. In its own place the asked model stands for itself alone, since
 * somebody picked it there; in the other place all models of its family may. Of those:
 * 1. loaded comes before not loaded: no wait at all;
 * 2. of loaded ones a server's before this browser's: it is the stronger machine as a rule, and spares the battery;
 * 3. not loaded: what is on this machine's disk and fits here, then what a server has;
 * 4. what fits here and would have to be fetched first; then what fits tightly;
 * 5. what does not fit, or is on a server that cannot be reached: its load fails, and says why.
 */
export function choosePlace(cards: readonly Candidate[], asked: ModelId, where: Where): Choice {
  const card = cards.find(({ id }) => id === asked)
  if (card === undefined) return { model: null, why: `there is no model "${asked}" any more` }
  const others = cards.filter(({ family, place }) => family === card.family && place !== card.place)
  const [best] = [card, ...others]
    .filter(({ place }) => where === 'auto' || place === where)
    .toSorted((a, b) => rank(a) - rank(b))
  if (best === undefined) {
    return {
      model: null,
      why:
        where === 'server'
          ? `no connected server has ${card.name}: choose another place, or another model`
          : `${card.name} is not to be had for this browser: choose another place, or another model`,
    }
  }
  return { model: best.id, why: REASONS[rankName(best)] }
}

const ORDER = [
  'loaded on a server',
  'loaded here',
  'stored',
  'served',
  'fetch',
  'fetch tight',
  'last',
] as const

type Rank = (typeof ORDER)[number]

const REASONS: Readonly<Record<Rank, string>> = {
  'loaded on a server': 'it is loaded on the server',
  'loaded here': 'it is loaded in this browser',
  stored: 'it is stored in this browser and fits',
  served: 'the server has it',
  fetch: 'it fits in this browser, and is fetched first',
  'fetch tight': 'it just fits in this browser, and is fetched first',
  last: 'no better place has it',
}

function rank(card: Candidate): number {
  return ORDER.indexOf(rankName(card))
}

function rankName({ place, fit, stored, loaded }: Candidate): Rank {
  if (loaded) return place === 'server' ? 'loaded on a server' : 'loaded here'
  if (fit.verdict === 'does-not-fit') return 'last'
  if (place === 'server') return 'served'
  if (isStored(stored)) return 'stored'
  return fit.verdict === 'tight' ? 'fetch tight' : 'fetch'
}

function isStored({ state }: Stored): boolean {
  return state === 'stored'
}
