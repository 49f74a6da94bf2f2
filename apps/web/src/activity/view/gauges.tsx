import { formatBytes } from '@berth/budget'
import type { Activity } from '../model/activity.js'
import type { DeviceView } from '../model/views.js'
import type { MachineLoad } from '../source/source.js'
import { useEvery } from './use-shown.js'

export interface GaugesProps {
  readonly activity: Activity
  readonly machine: MachineLoad | null
}

/** Memory and cores, reserved and measured, and what goes on in figures. */
export function Gauges({ activity, machine }: GaugesProps) {
  return (
    <section class="activity-section" aria-labelledby="activity-gauges">
      <h2 id="activity-gauges" class="visually-hidden">
        Gauges
      </h2>
      <ul class="gauges">
        {activity.devices.map((device) => (
          <DeviceGauge key={device.id} device={device} />
        ))}
        {machine !== null && <CpuGauge activity={activity} machine={machine} />}
      </ul>
      <Figures activity={activity} />
    </section>
  )
}

const KIND: Readonly<Record<DeviceView['kind'], string>> = {
  gpu: 'VRAM',
  ram: 'RAM',
  unified: 'Memory',
}

function DeviceGauge({ device }: { readonly device: DeviceView }) {
  const { name, kind, capacity, usable, measured, reserved, foreign } = device
  const ours = measured + reserved
  // A name that says nothing but the kind.
  const plain = name.toLowerCase() === KIND[kind].toLowerCase() || name === 'memory'
  const said = [
    `${formatBytes(measured)} measured`,
    `${formatBytes(reserved)} reserved`,
    ...(foreign > 0 ? [`${formatBytes(foreign)} of others`] : []),
  ]
  return (
    <Gauge
      title={KIND[kind]}
      about={plain ? `${formatBytes(capacity)} in all` : name}
      value={formatBytes(ours)}
      of={`of ${formatBytes(usable)}`}
      says={said.join(', ')}
      parts={[
        { kind: 'measured', share: measured / capacity },
        { kind: 'reserved', share: reserved / capacity },
        { kind: 'foreign', share: foreign / capacity },
      ]}
      limit={usable / capacity}
      full={ours + foreign > usable}
    />
  )
}

function CpuGauge({ activity, machine }: GaugesProps & { readonly machine: MachineLoad }) {
  let threads = 0
  for (const { state, facts } of activity.runners.values())
    if (state === 'busy' || state === 'loading') threads += facts?.threads ?? 0
  const { cores, busy } = machine
  const reserved = Math.min(1, threads / cores)
  return (
    <Gauge
      title="CPU"
      about={`${cores} cores`}
      value={busy === null ? `${threads}` : `${Math.round(busy * 100)} %`}
      of={busy === null ? `of ${cores} cores reserved` : 'busy'}
      says={`${threads} cores reserved, ${busy === null ? 'and no browser tells how busy they are' : `${Math.round(busy * 100)} % of all measured`}`}
      parts={busy === null ? [{ kind: 'reserved', share: reserved }] : [{ kind: 'measured', share: busy }]}
      limit={busy === null ? 1 : reserved}
      full={false}
    />
  )
}

interface GaugeProps {
  readonly title: string
  readonly about: string
  readonly value: string
  readonly of: string
  readonly says: string
  /** From the left; shares are of the whole. */
  readonly parts: readonly { readonly kind: 'measured' | 'reserved' | 'foreign'; readonly share: number }[]
  /** A mark: what of the whole may be taken, or what is reserved of it. */
  readonly limit: number
  readonly full: boolean
}

function Gauge({ title, about, value, of, says, parts, limit, full }: GaugeProps) {
  const taken = parts.reduce((sum, { share }) => sum + share, 0)
  return (
    <li class={full ? 'gauge gauge-full' : 'gauge'}>
      <div class="gauge-head">
        <h3>{title}</h3>
        <span class="gauge-about">{about}</span>
      </div>
      <p class="gauge-value">
        <strong>{value}</strong> {of}
      </p>
      <div
        class="gauge-bar"
        role="meter"
        aria-label={`${title}, ${about}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, Math.round(taken * 100))}
        aria-valuetext={`${value} ${of}: ${says}`}
      >
        {parts.map(({ kind, share }) => (
          <div key={kind} class={`gauge-${kind}`} style={{ width: `${Math.min(1, share) * 100}%` }} />
        ))}
        {limit < 1 && <div class="gauge-limit" style={{ left: `${limit * 100}%` }} />}
      </div>
      <p class="gauge-says">{says}</p>
    </li>
  )
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

function Figures({ activity }: { readonly activity: Activity }) {
  const now = useEvery(1_000)
  const { history } = activity
  const started = history.total(now, 'started', HOUR)
  const tokens = history.total(now, 'decoded', 10_000) / 10
  let running = 0
  for (const { jobs } of activity.runners.values()) running += jobs.length
  const figures: readonly (readonly [string, string])[] = [
    ['running', `${running}`],
    ['waiting', `${activity.waiting}`],
    ['tokens a second', tokens >= 10 ? `${Math.round(tokens)}` : tokens.toFixed(1)],
    ['loads a minute', `${history.total(now, 'loads', MINUTE)}`],
    [
      'of requests found their model loaded',
      started === 0 ? '–' : `${Math.round((history.total(now, 'hits', HOUR) / started) * 100)} %`,
    ],
  ]
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dd>{value}</dd>
          <dt>{name}</dt>
        </div>
      ))}
    </dl>
  )
}
