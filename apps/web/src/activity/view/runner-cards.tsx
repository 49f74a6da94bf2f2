import { formatBytes } from '@berth/budget'
import { useMemo } from 'preact/hooks'
import { Badge, Button, IconButton, Progress, formatTokens } from '../../shell/index.js'
import { formatSpan } from '../model/explain.js'
import type { JobView, RunnerView } from '../model/views.js'
import { ArrowHead, StateMachine } from '../../diagram/index.js'
import { cancel, pin, unload, whyNotAdmin, whyNotTheirs, type Acting } from './act.js'

export interface RunnerCardsProps {
  readonly runners: ReadonlyMap<string, RunnerView>
  readonly nameOf: (model: string) => string
  readonly acting: Acting
  readonly now: number
}

/** A card for each runner. */
export function RunnerCards({ runners, nameOf, acting, now }: RunnerCardsProps) {
  return (
    <section class="activity-section" aria-labelledby="activity-runners">
      <h2 id="activity-runners">
        In memory <span class="activity-count">{runners.size}</span>
      </h2>
      <ArrowHead />
      {runners.size === 0 ? (
        <p class="activity-none">No model is loaded.</p>
      ) : (
        <ul class="runners">
          {[...runners.values()].map((runner) => (
            <RunnerCard
              key={runner.id}
              runner={runner}
              name={nameOf(runner.model)}
              acting={acting}
              now={now}
            />
          ))}
        </ul>
      )}
    </section>
  )
}

interface RunnerCardProps {
  readonly runner: RunnerView
  readonly name: string
  readonly acting: Acting
  readonly now: number
}

function RunnerCard({ runner, name, acting, now }: RunnerCardProps) {
  // Of fifty runners few change at a time: the others are left as they are.
  return useMemo(
    () => (
      <li class="runner">
        <div class="runner-head">
          <h3 class="runner-name">{name}</h3>
          <span class="runner-badges">
            {runner.pinned && <Badge icon="pin">pinned</Badge>}
            {runner.draining && <Badge tone="warn">draining</Badge>}
            {runner.purpose === 'embed' && <Badge>embeddings</Badge>}
          </span>
        </div>
        <StateMachine state={runner.state} />
        <p class="runner-why">
          <strong>{runner.state}</strong> for {formatSpan(Math.max(0, now - runner.since))}: {runner.why}
        </p>
        {runner.loading !== null && (
          <Progress value={runner.loading.fraction} label={`${name} is ${runner.loading.stage}`} />
        )}
        <Slots runner={runner} acting={acting} now={now} />
        <p class="runner-facts">{factsOf(runner, now).join(' · ')}</p>
        <Buttons runner={runner} name={name} acting={acting} />
      </li>
    ),
    [runner, name, acting, now],
  )
}

function factsOf({ bytes, measured, facts, placement }: RunnerView, now: number): readonly string[] {
  const held = bytes.filter((part) => part.bytes > 0)
  const memory =
    held.length === 0
      ? placement?.kind === 'foreign'
        ? 'memory of another server'
        : 'memory not known'
      : `${held.map(({ device, bytes: count }) => `${formatBytes(count)} on ${device}`).join(', ')} ${measured ? 'measured' : 'reserved'}`
  if (facts === null) return [memory]
  const { contextLength, expiresAt } = facts
  return [
    memory,
    ...(contextLength > 0 ? [`context ${formatTokens(contextLength)}`] : []),
    ...(expiresAt === null
      ? []
      : [expiresAt === Infinity ? 'stays' : `leaves in ${formatSpan(Math.max(0, expiresAt - now))}`]),
  ]
}

function Slots({ runner, acting, now }: Omit<RunnerCardProps, 'name'>) {
  const { jobs, facts, state } = runner
  if (state === 'loading' || (state === 'unloading' && jobs.length === 0)) return null
  const most = jobs.reduce((count, { slot }) => Math.max(count, slot + 1), 0)
  // A foreign engine may have any number; the free ones of ours are few.
  const count = Math.max(most, Math.min(facts?.slots ?? 1, 8))
  const rows = Array.from({ length: count }, (_, slot) => jobs.find((job) => job.slot === slot) ?? null)
  return (
    <ol class="slots" aria-label="Slots">
      {rows.map((job, slot) => (
        <li key={slot} class={job === null ? 'slot' : 'slot slot-taken'}>
          <span class="slot-number">{slot + 1}</span>
          {job === null ? (
            <span class="slot-free">free</span>
          ) : (
            <>
              <span class="slot-job">
                <span class="slot-who">
                  {job.request} · {job.class}
                  {job.client !== '' && ` · ${job.client}`}
                </span>
                <span class="slot-phase">{phaseOf(job, now)}</span>
              </span>
              <IconButton
                icon="close"
                size="s"
                label={`Cancel request ${job.request}`}
                disabled={whyNotTheirs(acting.rights, job.client) !== undefined}
                onClick={() => void cancel(acting, job.request, true)}
              />
            </>
          )}
        </li>
      ))}
    </ol>
  )
}

function phaseOf({ phase, tokens, of, since }: JobView, now: number): string {
  const span = formatSpan(Math.max(0, now - since))
  if (phase === 'waiting') return `waits at its server, ${span}`
  if (phase === 'decode') return `answers: ${tokens} tokens, ${span}`
  return of > 0 ? `reads: ${tokens} of ${of} tokens, ${span}` : `reads its prompt, ${span}`
}

function Buttons({ runner, name, acting }: Omit<RunnerCardProps, 'now'>) {
  const { model, pinned, state } = runner
  const notAllowed = whyNotAdmin(acting.rights)
  return (
    <div class="runner-buttons">
      <Button
        icon="pin"
        size="s"
        aria-label={pinned ? `Let go of ${name}` : `Keep ${name} loaded`}
        title={notAllowed}
        disabled={notAllowed !== undefined}
        onClick={() => void pin(acting, model, name, !pinned)}
      >
        {pinned ? 'Let go' : 'Keep'}
      </Button>
      <Button
        icon="eject"
        size="s"
        aria-label={`Unload ${name}`}
        title={notAllowed}
        disabled={notAllowed !== undefined || state === 'unloading'}
        onClick={() => void unload(acting, model, name)}
      >
        Unload
      </Button>
    </div>
  )
}
