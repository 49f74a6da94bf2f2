import type { Segment, SegmentKind } from './timeline.js'

/** A segment told in words. */
export interface Explanation {
  readonly title: string
  readonly facts: readonly { readonly name: string; readonly text: string }[]
}

export const KIND_TEXT: Readonly<Record<SegmentKind, string>> = {
  loading: 'Loading',
  prefill: 'Reading a prompt',
  decode: 'Answering',
  idle: 'Idle',
  unloading: 'Unloading',
}

const DECISION: Readonly<Record<SegmentKind, string>> = {
  loading: 'Why it was loaded',
  prefill: 'Why it ran',
  decode: 'Why it ran',
  idle: 'Why it became idle',
  unloading: 'Why it had to leave',
}

/** What was decided and how it went. @param now where it goes on. */
export function explainSegment(segment: Segment, now: number): Explanation {
  const { kind, lane, from, to, why, end, placement, request } = segment
  const ms = Math.max(0, (to ?? now) - from)
  const facts = [{ name: DECISION[kind], text: sentence(why) }]
  if (kind === 'loading' && placement !== null) facts.push({ name: 'Where', text: sentence(placement) })
  if (request !== null) {
    const by = request.client === '' ? '' : ` of ${request.client}`
    facts.push({
      name: 'Request',
      text: `${request.id}, ${request.class}${by}, in slot ${request.slot + 1}.`,
    })
    if (request.waitedMs !== null)
      facts.push({
        name: 'Waited',
        text: request.waitedMs < 1 ? 'Not at all.' : `${formatSpan(request.waitedMs)} for its slot.`,
      })
    if (request.resumed)
      facts.push({
        name: 'Went on',
        text: 'It had given its slot away before, and goes on where it stopped.',
      })
    if (request.tokens > 0) facts.push({ name: 'Tokens', text: tokensText(kind, request.tokens, ms) })
  }
  if (end !== null) facts.push({ name: 'How it ended', text: sentence(end) })
  return { title: `${KIND_TEXT[kind]}: ${lane}, ${formatSpan(ms)}${to === null ? ' so far' : ''}`, facts }
}

function tokensText(kind: SegmentKind, tokens: number, ms: number): string {
  const rate = ms >= 50 ? `, ${((tokens * 1_000) / ms).toFixed(tokens / ms < 0.01 ? 1 : 0)} a second` : ''
  return kind === 'prefill' ? `${tokens} of the prompt${rate}.` : `${tokens} of the answer${rate}.`
}

/** With a capital letter, and a full stop. */
function sentence(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return 'Not told.'
  return `${trimmed[0]?.toUpperCase() ?? ''}${trimmed.slice(1)}${/[.!?…]$/.test(trimmed) ? '' : '.'}`
}

/** A span of time by what matters of it: "12 ms", "3.4 s", "2 min 5 s", "1 h 20 min". */
export function formatSpan(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const seconds = ms / 1_000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600)
    return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.round(whole / 60)
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
