import { ArrowHead, StateMachine } from '../../diagram/index.js'
import { deviceText } from './memory-text.js'
import { Lanes } from './lanes.js'
import type { Decision, DeviceThen, Moment, Run, RunnerThen, WaitingThen } from './run.js'
import { actionWord, clockText, decisionSubject, momentAt } from './steps.js'

export interface RunColumnProps {
  readonly name: string
  readonly run: Run
  /** What is shown of it. */
  readonly time: number
}

/** One policy: its timeline, and how it stood at a time: decisions, states, memory, queue. */
export function RunColumn({ name, run, time }: RunColumnProps) {
  const moment = momentAt(run, time)
  return (
    <section class="what-if-column" aria-label={name}>
      <h2>{name}</h2>
      <ArrowHead />
      <Lanes lanes={run.lanes} endsAt={run.endsAt} time={time} />
      {run.cut && (
        <p class="planner-quiet">
          Only the first {run.moments.length.toLocaleString('en')} moments can be stepped through; the figures
          are of all.
        </p>
      )}
      {moment !== null && (
        <>
          <Decisions moment={moment} isNow={moment.at === time} />
          <Runners moment={moment} models={run.lanes.map(({ model }) => model)} />
          <Memory moment={moment} />
          <Queue moment={moment} />
        </>
      )}
    </section>
  )
}

function Decisions({ moment, isNow }: { readonly moment: Moment; readonly isNow: boolean }) {
  return (
    <div class="what-if-decisions">
      <h3>{isNow ? 'Decided now' : `Last decided, at ${clockText(moment.at)}`}</h3>
      <ul>
        {moment.decisions.map((decision, index) => (
          <DecisionLine key={index} decision={decision} />
        ))}
      </ul>
    </div>
  )
}

function DecisionLine({ decision }: { readonly decision: Decision }) {
  const { action, why } = decision
  return (
    <li>
      <span class={`what-if-action what-if-${action}`}>{actionWord(action)}</span>
      <span>
        <b>{decisionSubject(decision)}</b>
        <span class="what-if-why">{why}</span>
      </span>
    </li>
  )
}

/** State machines that are drawn; a trace may have a hundred models. */
const MOST_MACHINES = 4

function Runners({ moment, models }: { readonly moment: Moment; readonly models: readonly string[] }) {
  const loaded = moment.runners.map(({ model }) => model)
  const shown = [...new Set([...models.slice(0, MOST_MACHINES), ...loaded])].slice(
    0,
    Math.max(MOST_MACHINES, loaded.length),
  )
  return (
    <ul class="what-if-runners">
      {shown.map((model) => {
        const runner = moment.runners.find((one) => one.model === model)
        return (
          <li key={model}>
            <h3>{model}</h3>
            <StateMachine state={runner?.state ?? 'idle'} />
            <p class="planner-quiet">{runner === undefined ? 'Not loaded.' : runnerText(runner)}</p>
          </li>
        )
      })}
    </ul>
  )
}

function runnerText({ running, slots, why, draining }: RunnerThen): string {
  const who = running.map(({ client }) => client).join(', ')
  const busy = running.length === 0 ? '' : `${running.length} of ${slots} slots: ${who}. `
  return `${busy}${draining ? 'Takes no new work. ' : ''}${why.slice(0, 1).toUpperCase()}${why.slice(1)}.`
}

function Memory({ moment }: { readonly moment: Moment }) {
  const used = moment.devices.filter(({ reserved }, index) => index === 0 || reserved >= 1e6)
  return (
    <div class="what-if-memory">
      <h3>Memory</h3>
      {used.map((device) => (
        <DeviceBar key={device.id} device={device} moment={moment} />
      ))}
    </div>
  )
}

function DeviceBar({ device, moment }: { readonly device: DeviceThen; readonly moment: Moment }) {
  const parts = moment.runners.flatMap(({ model, bytes }) =>
    bytes
      .filter(({ device: id, bytes: some }) => id === device.id && some >= 1e6)
      .map(({ bytes: some }) => ({ model, bytes: some })),
  )
  return (
    <figure class="planner-bar">
      <figcaption>
        <span class="planner-bar-device">{device.name}</span>
        <span>{deviceText(device)}</span>
      </figcaption>
      <div class="planner-stack" aria-hidden="true">
        {parts.map(({ model, bytes }) => (
          <span
            key={model}
            class="planner-part what-if-model"
            title={model}
            style={{ width: `${(bytes / device.capacity) * 100}%` }}
          >
            {model}
          </span>
        ))}
      </div>
    </figure>
  )
}

function Queue({ moment: { queue, moreWaiting } }: { readonly moment: Moment }) {
  return (
    <div class="what-if-queue">
      <h3>Waiting: {queue.length + moreWaiting}</h3>
      {queue.length > 0 && (
        <ol>
          {queue.map((waiting) => (
            <Waiting key={waiting.request} {...waiting} />
          ))}
        </ol>
      )}
      {moreWaiting > 0 && <p class="planner-quiet">and {moreWaiting.toLocaleString('en')} more</p>}
    </div>
  )
}

function Waiting({ client, model, class: kind, why, waited }: WaitingThen) {
  return (
    <li>
      <b>{client}</b> for {model}, {kind}, {clockText(waited)} so far: <span class="what-if-why">{why}</span>
    </li>
  )
}
