import { copyableSettings } from '@berth/protocol'
import { useId } from 'preact/hooks'
import { Badge, Button, CopyButton, Icon, IconButton, Spinner } from '../../shell/index.js'
import type { ModelRef } from '../state.js'
import { DeviceBars } from './device-bars.js'
import type { ModelFacts } from './model-facts.js'
import type { ModelPlan } from './plan-models.js'
import { lookAgain, trust } from './resolve.js'
import type { Looked } from './resolve.js'
import { reasonOf, verdictWords, warningOf } from './words.js'

export interface PlanCardProps {
  readonly modelRef: ModelRef
  readonly looked: Looked<ModelFacts>
  /** Null while it is not known. */
  readonly planned: ModelPlan | null
  readonly onRemove: () => void
}

/** A model on the machine: whether it fits, what it takes where, and how far one could go. */
export function PlanCard({ modelRef, looked, planned, onRemove }: PlanCardProps) {
  const heading = useId()
  const name = looked.state === 'ready' ? looked.value.name : nameOf(modelRef)
  const words = planned?.kind === 'plan' ? verdictWords(planned.plan) : null
  return (
    <li class="planner-card" aria-labelledby={heading}>
      <header class="planner-card-head">
        <h3 id={heading}>{name}</h3>
        {words !== null && <Badge tone={words.tone}>{words.text}</Badge>}
        <IconButton icon="close" size="s" label={`Remove ${name}`} onClick={onRemove} />
      </header>
      {looked.state === 'ready' && <p class="planner-quiet">{looked.value.detail}</p>}
      <Body modelRef={modelRef} looked={looked} planned={planned} />
    </li>
  )
}

function Body({ modelRef, looked, planned }: Omit<PlanCardProps, 'onRemove'>) {
  if (looked.state === 'loading')
    return (
      <p class="planner-quiet" role="status">
        <Spinner size={16} /> Reading what it needs…
      </p>
    )
  if (looked.state === 'asks')
    return (
      <div class="planner-asks">
        <p>What it needs is to be asked of {looked.origin}, which is not among your servers.</p>
        <Button size="s" onClick={() => trust(looked.origin)}>
          Ask it
        </Button>
      </div>
    )
  if (looked.state === 'failed' || planned?.kind === 'broken')
    return (
      <div class="planner-asks" role="alert">
        <p class="planner-problem">
          <Icon name="warning" size={16} /> {looked.state === 'failed' ? looked.why : brokenWhy(planned)}
        </p>
        {looked.state === 'failed' && (
          <Button size="s" icon="refresh" onClick={() => lookAgain(modelRef)}>
            Try again
          </Button>
        )}
      </div>
    )
  return planned === null ? null : <Plan {...planned} />
}

const brokenWhy = (planned: ModelPlan | null): string => (planned?.kind === 'broken' ? planned.why : '')

function Plan(planned: Extract<ModelPlan, { kind: 'plan' }>) {
  const { plan, notes } = planned
  const { verdict, settings } = plan
  const warning = warningOf(plan)
  return (
    <>
      {warning !== null && (
        <p class="planner-warning">
          <Icon name="warning" size={16} /> {warning}
        </p>
      )}
      <DeviceBars {...planned} />
      <p class="planner-reason">{sentence(reasonOf(plan))}</p>
      {!verdict.fits && verdict.advice.length > 0 && (
        <ul class="planner-advice">
          {verdict.advice.map((each) => (
            <li key={each}>{sentence(each)}</li>
          ))}
        </ul>
      )}
      {notes.map((note) => (
        <p key={note} class="planner-quiet">
          {note}
        </p>
      ))}
      <dl class="planner-most">
        <div>
          <dt>Longest context</dt>
          <dd>{most(plan.longestContext, plan.longestContextOnGpu, 'tokens')}</dd>
        </div>
        <div>
          <dt>Most slots</dt>
          <dd>{most(plan.mostSlots, plan.mostSlotsOnGpu, 'at a time')}</dd>
        </div>
      </dl>
      {verdict.fits && <Copyable settings={settings} />}
    </>
  )
}

function Copyable({ settings }: { readonly settings: Parameters<typeof copyableSettings>[0] }) {
  const { flags, env, modelfile } = copyableSettings(settings)
  const ways = [
    { name: 'Command', text: flags },
    { name: 'Environment', text: env },
    { name: 'Modelfile', text: modelfile },
  ]
  return (
    <details class="planner-details">
      <summary>Settings to copy</summary>
      {ways.map(({ name, text }) => (
        <div key={name} class="planner-copy">
          <span>{name}</span>
          <pre tabIndex={0}>{text}</pre>
          <CopyButton label={`Copy: ${name}`} text={() => text} />
        </div>
      ))}
    </details>
  )
}

function most(any: number, onGpu: number, unit: string): string {
  if (any === 0) return 'none fits'
  const all = `${any.toLocaleString('en')} ${unit}`
  return onGpu === 0 || onGpu === any ? all : `${all}; ${onGpu.toLocaleString('en')} without leaving the GPU`
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`

function nameOf(ref: ModelRef): string {
  switch (ref.kind) {
    case 'known':
    case 'webllm':
      return ref.id
    case 'gguf':
      return ref.url.split('/').at(-1) ?? ref.url
    case 'server':
    case 'numbers':
      return ref.name
    default:
      return ref satisfies never
  }
}
