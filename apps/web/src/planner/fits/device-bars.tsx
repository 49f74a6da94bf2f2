import { deviceBar } from './bars.js'
import type { DeviceBar } from './bars.js'
import type { ModelPlan } from './plan-models.js'

/** What a model takes of each memory: a stacked bar with its figures below it. */
export function DeviceBars({ plan, before }: Extract<ModelPlan, { kind: 'plan' }>) {
  const bars = plan.devices.map((use, index) => deviceBar(use, before[index] ?? 0))
  // Of eight equal GPUs those that nothing is on say nothing.
  const shown = bars.filter(({ segments }, index) => segments.length > 0 || index === bars.length - 1)
  const left = bars.length - shown.length
  return (
    <div class="planner-bars">
      {shown.map((bar) => (
        <Bar key={bar.device} {...bar} />
      ))}
      {left > 0 && (
        <p class="planner-quiet">
          {left === 1 ? 'Nothing is on the other GPU.' : `Nothing is on ${left} others.`}
        </p>
      )}
    </div>
  )
}

function Bar({ device, segments, limit, over, text }: DeviceBar) {
  return (
    <figure class="planner-bar">
      <figcaption>
        <span class="planner-bar-device">{device}</span>
        <span class={over ? 'planner-over' : ''}>{text}</span>
      </figcaption>
      <div class="planner-stack" aria-hidden="true">
        {segments.map(({ part, share }) => (
          <span key={part} class={`planner-part planner-${part}`} style={{ width: `${share * 100}%` }} />
        ))}
        {limit < 1 && <span class="planner-limit" style={{ insetInlineStart: `${limit * 100}%` }} />}
      </div>
      <ul class="planner-legend">
        {segments.map((segment) => (
          <li key={segment.part}>
            <span class={`planner-swatch planner-${segment.part}`} aria-hidden="true" />
            {segment.text} <b>{segment.figure}</b>
          </li>
        ))}
      </ul>
    </figure>
  )
}
