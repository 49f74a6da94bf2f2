import type { SimulationReport } from '@berth/scheduler/simulation'
import { clockText } from './steps.js'

/** A line of the table that holds policies against each other. */
export interface FigureRow {
  readonly name: string
  /** What it says, for who rests on it. */
  readonly about: string
  /** One for each column; null where it has none. */
  readonly texts: readonly (string | null)[]
  /** Which of them is the best; none where they are equal or neither is better. */
  readonly best: readonly boolean[]
}

interface Figure {
  readonly name: string
  readonly about: string
  readonly of: (report: SimulationReport) => number | null
  readonly text: (value: number) => string
  readonly better?: 'less' | 'more'
}

const percent = (value: number): string => `${(value * 100).toFixed(0)}%`
const ratio = (value: number): string => value.toFixed(2)

const FIGURES: readonly Figure[] = [
  {
    name: 'First token, median',
    about: 'From arrival to the first token: half of the requests had it by then.',
    of: ({ all }) => all.firstToken.p50,
    text: clockText,
    better: 'less',
  },
  {
    name: 'First token, 90%',
    about: 'Nine of ten requests had their first token by then.',
    of: ({ all }) => all.firstToken.p90,
    text: clockText,
    better: 'less',
  },
  {
    name: 'First token, 99%',
    about: 'All but one in a hundred had their first token by then.',
    of: ({ all }) => all.firstToken.p99,
    text: clockText,
    better: 'less',
  },
  {
    name: 'No policy beats',
    about: 'The median to the first token were every request alone, with its model loaded.',
    of: ({ bounds }) => bounds.firstToken.p50,
    text: clockText,
  },
]

const REST: readonly Figure[] = [
  {
    name: 'All done after',
    about: 'When the last request had its answer.',
    of: ({ makespanMs }) => makespanMs,
    text: clockText,
    better: 'less',
  },
  {
    name: 'Loads',
    about: 'How often a model was loaded; more than once each is a swap.',
    of: ({ swaps }) => swaps.loads,
    text: String,
    better: 'less',
  },
  {
    name: 'Loaded again',
    about: 'Loads of a model that had been loaded before.',
    of: ({ swaps }) => swaps.reloads,
    text: String,
    better: 'less',
  },
  {
    name: 'Model was there',
    about: 'Of all requests, those whose model was loaded when they came.',
    of: ({ swaps }) => swaps.hitRate,
    text: percent,
    better: 'more',
  },
  {
    name: 'Preemptions',
    about: 'How often batch work gave its slot away.',
    of: ({ swaps }) => swaps.preemptions,
    text: String,
  },
  {
    name: 'Fairness',
    about: 'Jain’s index over clients that all had something waiting: 1 is equal shares.',
    of: ({ fairness }) => (fairness.windows === 0 ? null : fairness.jain),
    text: ratio,
    better: 'more',
  },
  {
    name: 'Tokens a second',
    about: 'Prompts and answers together.',
    of: ({ tokensPerSecond }) => tokensPerSecond,
    text: (value) => value.toFixed(0),
    better: 'more',
  },
  {
    name: 'Promises kept',
    about: 'Requests that were answered as quickly as is promised to their class.',
    of: ({ all }) => all.sloAttained,
    text: percent,
    better: 'more',
  },
]

/** With more clients than these their rows would bury the others. */
const MOST_CLIENTS = 4

/** The reports side by side; null for a column that has none yet. */
export function figureRows(reports: readonly (SimulationReport | null)[]): readonly FigureRow[] {
  const known = reports.filter((report) => report !== null)
  const classes = [...new Set(known.flatMap(({ byClass }) => Object.keys(byClass)))]
  const clients = [...new Set(known.flatMap(({ byClient }) => byClient.map(({ client }) => client)))]
  const lost = known.some(({ all }) => all.lost > 0)
  const figures = [
    ...FIGURES,
    ...(classes.length > 1 ? classes.map(ofClass) : []),
    ...(clients.length > 1 && clients.length <= MOST_CLIENTS
      ? clients.toSorted((a, b) => a.localeCompare(b)).map(ofClient)
      : []),
    ...REST,
    ...(lost ? [LOST] : []),
  ]
  return figures.map((figure) => rowOf(figure, reports))
}

const LOST: Figure = {
  name: 'Lost',
  about: 'Requests that were refused or failed.',
  of: ({ all }) => all.lost,
  text: String,
  better: 'less',
}

function ofClass(name: string): Figure {
  return {
    name: `First token, ${name}`,
    about: `The median of the requests of class ${name}.`,
    of: ({ byClass }) => Object.entries(byClass).find(([each]) => each === name)?.[1]?.firstToken.p50 ?? null,
    text: clockText,
    better: 'less',
  }
}

function ofClient(name: string): Figure {
  return {
    name: `First token, ${name}`,
    about: `The median of the requests of ${name}.`,
    of: ({ byClient }) => byClient.find(({ client }) => client === name)?.firstToken.p50 ?? null,
    text: clockText,
    better: 'less',
  }
}

function rowOf(
  { name, about, of, text, better }: Figure,
  reports: readonly (SimulationReport | null)[],
): FigureRow {
  const values = reports.map((report) => (report === null ? null : of(report)))
  const texts = values.map((value) => (value === null ? null : text(value)))
  const known = values.filter((value) => value !== null)
  const top = better === 'less' ? Math.min(...known) : Math.max(...known)
  const topText = known.length === 0 ? null : text(top)
  // By what is shown: a difference that nobody can see is none.
  const differ = new Set(texts.filter((each) => each !== null)).size > 1
  return { name, about, texts, best: texts.map((each) => better !== undefined && differ && each === topText) }
}
