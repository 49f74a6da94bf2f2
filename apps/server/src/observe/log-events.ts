import type { SchedulerEvent } from '@berth/scheduler'
import type { Level, Logger } from 'pino'
import type { Correlation } from './correlation.js'

/** Writes what the scheduler does, and why, into the log. */
export function logEvents(log: Logger, correlation: Correlation): (event: SchedulerEvent) => void {
  return (event) => {
    const requestId = correlation.of(event)
    const line = wordsOf(event)
    if (line === undefined) return
    const { level, text } = line
    if (!log.isLevelEnabled(level)) return
    const ids = {
      ...(requestId === undefined ? {} : { requestId }),
      ...('request' in event ? { request: event.request } : {}),
      ...('runner' in event && event.runner !== null ? { runner: event.runner } : {}),
    }
    log[level]({ event: event.type, model: event.model, ...ids }, text)
  }
}

interface Line {
  readonly level: Level
  readonly text: string
}

/** The event in words; undefined for those that come by the dozen in every request. */
function wordsOf(event: SchedulerEvent): Line | undefined {
  const { model } = event
  switch (event.type) {
    case 'progress':
    case 'loading':
      return undefined
    case 'queued':
      return {
        level: 'debug',
        text: `${model}: request ${event.request} is number ${event.position} in line`,
      }
    case 'waiting':
      return { level: 'debug', text: `${model}: request ${event.request} waits: ${event.why}` }
    case 'running':
      return { level: 'debug', text: `${model}: request ${event.request} runs: ${event.why}` }
    case 'preempted':
      return { level: 'debug', text: `${model}: request ${event.request} gives its slot away: ${event.why}` }
    case 'reclassed':
      return { level: 'info', text: `${model}: request ${event.request} is ${event.class} now: ${event.why}` }
    case 'retried':
      return { level: 'warn', text: `${model}: request ${event.request} is tried once more: ${event.why}` }
    case 'finished':
      return { level: 'debug', text: `${model}: request ${event.request} is done: ${event.reason}` }
    case 'cancelled':
      return { level: 'info', text: `${model}: request ${event.request} cancelled: ${event.why}` }
    case 'refused':
      return { level: 'warn', text: `${model}: request ${event.request} refused: ${event.why}` }
    case 'failed':
      return { level: 'error', text: `${model}: request ${event.request} failed: ${event.why}` }
    case 'state': {
      const level = event.to === 'busy' || event.from === 'busy' ? 'debug' : 'info'
      return { level, text: `${model}: ${event.from} → ${event.to}: ${event.why}` }
    }
    case 'measured':
      return { level: 'debug', text: `${model}: memory measured` }
    case 'draining':
      return { level: 'info', text: `${model}: takes no new request: ${event.why}` }
    case 'evicted':
      return { level: 'info', text: `${model}: leaves: ${event.why}` }
    case 'pinned':
      return { level: 'info', text: `${model}: ${event.pinned ? 'pinned' : 'no longer pinned'}` }
    case 'lost':
      return { level: 'error', text: `${model}: lost: ${event.why}` }
    case 'load-failed':
      return { level: 'error', text: `${model}: could not be loaded: ${event.why}` }
    default:
      return event satisfies never
  }
}
