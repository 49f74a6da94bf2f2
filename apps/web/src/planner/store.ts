import { signal, type ReadonlySignal } from '@preact/signals'
import { decodeAddress } from './address/decode.js'
import { encodeAddress } from './address/encode.js'
import { DEFAULT_STATE } from './state.js'
import type { FitsState, PlannerState, WhatIfState } from './state.js'

/** Browsers take only so many changes of the address; a slider that is dragged makes more. */
const WRITE_AFTER_MS = 150

const current = signal<PlannerState>(DEFAULT_STATE)
const wrong = signal<readonly string[]>([])
let timer: ReturnType<typeof setTimeout> | undefined

/** What the planner shows; it outlives the page, so that who comes back finds it as it was. */
export const planner: ReadonlySignal<PlannerState> = current

/** What the address said that nobody understood. */
export const problems: ReadonlySignal<readonly string[]> = wrong

export function dismissProblems(): void {
  wrong.value = []
}

export function showTab(tab: PlannerState['tab']): void {
  change({ ...current.peek(), tab })
}

export function changeFits(fits: Partial<FitsState>): void {
  const before = current.peek()
  change({ ...before, fits: { ...before.fits, ...fits } })
}

export function changeWhatIf(whatIf: Partial<WhatIfState>): void {
  const before = current.peek()
  change({ ...before, whatIf: { ...before.whatIf, ...whatIf } })
}

/** Follows the address, and keeps it true; disposing of it ends that. */
export function openPlanner(): Disposable {
  readAddress()
  addEventListener('hashchange', readAddress)
  return {
    [Symbol.dispose]: () => {
      removeEventListener('hashchange', readAddress)
      if (timer === undefined) return
      clearTimeout(timer)
      timer = undefined
    },
  }
}

/** The address of the planner as it is now, for others. */
export function plannerLink(): string {
  return `${location.origin}${location.pathname}${encodeAddress(current.peek())}`
}

function readAddress(): void {
  const { hash } = location
  if (!hash.startsWith('#/planner')) return
  // Without a query it is the way back here, and not to something else.
  if (hash.includes('?')) {
    const { state, problems: found } = decodeAddress(hash)
    current.value = state
    wrong.value = found
  }
  writeAddress()
}

function change(state: PlannerState): void {
  current.value = state
  timer ??= setTimeout(() => {
    timer = undefined
    writeAddress()
  }, WRITE_AFTER_MS)
}

function writeAddress(): void {
  const address = encodeAddress(current.peek())
  if (location.hash.startsWith('#/planner') && location.hash !== address)
    history.replaceState(null, '', address)
}
