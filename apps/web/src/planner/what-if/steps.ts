import type { Action, Decision, Moment, Run } from './run.js'

/** What all columns are looked at together with: every time at which one of them decided something. */
export function timesOf(runs: readonly (Run | null)[]): readonly number[] {
  const times = new Set(runs.flatMap((run) => run?.moments.map(({ at }) => at) ?? []))
  return [...times].toSorted((a, b) => a - b)
}

/** How a run stood at a time: its last moment until then; null before its first. */
export function momentAt({ moments }: Run, time: number): Moment | null {
  let low = 0
  let high = moments.length
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((moments[middle]?.at ?? 0) <= time) low = middle + 1
    else high = middle
  }
  return moments[low - 1] ?? null
}

const WORDS: Readonly<Record<Action, string>> = {
  asks: 'Request',
  load: 'Load',
  ready: 'Ready',
  infer: 'Infer',
  reuse: 'Reuse',
  resume: 'Go on',
  preempt: 'Preempt',
  drain: 'Drain',
  evict: 'Evict',
  unload: 'Unload',
  done: 'Done',
  refuse: 'Refuse',
  fail: 'Fail',
}

export function actionWord(action: Action): string {
  return WORDS[action]
}

/** What a decision is about: "qwen3-8b", "llama3-8b for A", "A asks for llama3-8b". */
export function decisionSubject({ action, model, who }: Decision): string {
  if (action === 'asks') return `${who ?? 'Somebody'} asks for ${model}`
  return who === null ? model : `${model} for ${who}`
}

/** "Load qwen3-8b", "A asks for llama3-8b". */
function decisionTitle(decision: Decision): string {
  const subject = decisionSubject(decision)
  return decision.action === 'asks' ? subject : `${WORDS[decision.action]} ${subject}`
}

/** What a moment comes to in a few words: what was decided, rather than what was asked or has ended. */
export function momentTitle({ decisions }: Moment): string {
  const telling = decisions.filter(({ action }) => !['asks', 'ready', 'done'].includes(action))
  return (telling.length > 0 ? telling : decisions).map(decisionTitle).join(', ')
}

/** "3.0 s", "12.5 s", "2 min 5.0 s" */
export function clockText(ms: number): string {
  const rounded = Math.round(ms / 10) * 10
  const seconds = rounded / 1_000
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 && rounded % 100 !== 0 ? 2 : 1)} s`
  return `${Math.floor(seconds / 60)} min ${(seconds % 60).toFixed(1)} s`
}
