import { formatBytes, type Bytes } from '@berth/budget'
import type { MachineView } from '../host/index.js'

type BudgetFrom = MachineView['ram']['budgetFrom']

const FROM: Readonly<Record<BudgetFrom, string>> = {
  setting: 'your setting',
  learned: 'what earlier loads have shown',
  guess: 'a guess: browsers do not tell how much there is',
}

/** What models may take of a memory now, and where the figure comes from. */
export function budgetText(bytes: Bytes, from: BudgetFrom): string {
  return `Models may take ${formatBytes(bytes)} now, by ${FROM[from]}.`
}

const GIB = 2 ** 30

/** The least that any model is of use in, and more than any machine has. GiB. */
const RANGE = { least: 0.1, most: 1_024 }

/**
 * A budget that was typed in, in GiB; null for none, which is what an empty text says.
 * @returns `{ error }` in words where it is no such figure
 */
export function readBudget(text: string): { readonly bytes: Bytes | null } | { readonly error: string } {
  const typed = text.trim().replace(',', '.')
  if (typed === '') return { bytes: null }
  const gib = Number(typed)
  if (!Number.isFinite(gib) || gib < RANGE.least || gib > RANGE.most)
    return { error: `“${text.trim()}” is no budget: a number of GiB from ${RANGE.least} to ${RANGE.most}.` }
  return { bytes: Math.round(gib * GIB) }
}

/** As `readBudget` takes it. */
export function writeBudget(bytes: Bytes | null): string {
  return bytes === null ? '' : String(Number((bytes / GIB).toFixed(2)))
}
