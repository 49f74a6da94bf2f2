import type { MemoryBudget } from '@berth/budget'
import { keepAliveEnd } from './keep-alive.js'
import type { RequestQueue } from './request-queue.js'
import type { RequestRecord } from './request-record.js'
import { isForeign, totalBytes, type RunnerEntry } from './runner-entry.js'
import type { PolicyName } from './settings.js'
import type { RunnerSnapshot, Snapshot, WaitingSnapshot } from './snapshot.js'

/** Plain data of everything there is to see. */
export function snapshotOf(of: {
  seq: number
  at: number
  policy: PolicyName
  budget: MemoryBudget
  runners: Iterable<RunnerEntry>
  queue: RequestQueue
  startsInMs: (record: RequestRecord) => number | null
}): Snapshot {
  let position = 0
  return {
    seq: of.seq,
    at: of.at,
    devices: of.budget.usage(),
    runners: [...of.runners].map(runnerSnapshot),
    policy: of.policy,
    queue: [...of.queue].map((record) => waitingSnapshot(record, (position += 1), of.startsInMs(record))),
  }
}

/** Why a request waits: the head of its line has the reason, the others wait behind it. */
export function waitingWhy(record: RequestRecord): string {
  const { line } = record
  const ahead = line.waiting.rank(record)
  if (ahead === 0 || line.waiting.first === undefined) return record.why
  return `behind ${ahead} more for ${line.model}: ${line.waiting.first.why}`
}

function waitingSnapshot(
  record: RequestRecord,
  position: number,
  startsInMs: number | null,
): WaitingSnapshot {
  return {
    request: record.id,
    model: record.line.model,
    purpose: record.line.purpose,
    class: record.class,
    client: record.client,
    position,
    why: waitingWhy(record),
    since: record.waitsSince,
    startsInMs,
    parked: record.parked === null ? null : { tokens: record.parked.tokens, bytes: record.parked.bytes },
    deadline: record.deadline,
  }
}

function runnerSnapshot(entry: RunnerEntry): RunnerSnapshot {
  return {
    id: entry.id,
    model: entry.model,
    purpose: entry.purpose,
    state: entry.state,
    why: entry.why,
    spec: entry.spec,
    draining: entry.drain !== null,
    pinned: entry.pinned,
    backend: entry.backend.name,
    bytes: entry.reservation.bytes,
    totalBytes: totalBytes(entry),
    threads: entry.threads,
    loading: entry.progress,
    since: entry.since,
    expiresAt: entry.state === 'ready' ? expiry(entry) : null,
    keepAliveMs: entry.keepAliveMs,
    running: [...entry.jobs.values()].map((job) => ({
      request: job.record.id,
      class: job.record.class,
      client: job.record.client,
      since: job.since,
      progress: job.progress,
    })),
  }
}

/** What is loaded elsewhere stays until it is gone there, or let go here. */
function expiry(entry: RunnerEntry): number {
  return isForeign(entry) ? Infinity : (keepAliveEnd(entry) ?? Infinity)
}
