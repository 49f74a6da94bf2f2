import type { SimulationReport } from '@berth/scheduler/simulation'
import { chart } from './chart.js'
import type { Latency, Study } from './workloads.js'

/** How a policy fared on a workload. */
export interface Trial {
  /** "fair, cost". */
  readonly name: string
  readonly report: SimulationReport
}

/** The chart of a workload, as SVG. */
export function chartOf(study: Study, trials: readonly Trial[]): string {
  const latencies = study.groups.map((group) => ({
    title: `${group.name}: first token after`,
    scale: 'log' as const,
    say: duration,
    values: trials.map(({ report }) => quantiles(group.of(report))),
  }))
  const loads = {
    title: 'loads',
    scale: 'linear' as const,
    say: (value: number) => String(Math.round(value)),
    values: trials.map(({ report }) => [report.swaps.loads]),
  }
  return chart(
    study.title,
    trials.map(({ name }) => name),
    [...latencies, loads],
    'dots: half, 9 in 10 and 99 in 100 requests have their first token by then',
  )
}

/** A workload's part of the page. */
export function sectionOf(study: Study, trials: readonly Trial[]): string {
  const [first, second] = study.groups
  const head = [
    'policy, eviction',
    `${first.name}: p50 / p90 / p99`,
    `${second.name}: p50 / p90 / p99`,
    'loads',
    'model was there',
    'promise kept',
    'max–min share',
    "Jain's index",
    'makespan',
  ]
  const rows = trials.map(({ name, report }) => [
    name,
    quantileWords(first.of(report)),
    quantileWords(second.of(report)),
    String(report.swaps.loads),
    percent(report.swaps.hitRate),
    percent(report.all.sloAttained),
    fairness(report, report.fairness.minMaxShare),
    fairness(report, report.fairness.jain),
    duration(report.makespanMs),
  ])
  const bounds = trials[0]?.report.bounds
  const limit =
    bounds === undefined
      ? ''
      : `No policy can be below ${quantileWords(bounds.firstToken)} (all requests, each alone on an empty machine with its model loaded), nor do with fewer than ${bounds.loads} loads.`
  return [
    `## ${study.title}`,
    study.story,
    `![${study.title}](images/study-${study.id}.svg)`,
    table([head, head.map(() => '---'), ...rows]),
    limit,
  ].join('\n\n')
}

function table(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function quantiles(of: Latency | undefined): readonly number[] {
  return of === undefined ? [] : [of.p50, of.p90, of.p99]
}

function quantileWords(of: Latency | undefined): string {
  return of === undefined ? '–' : quantiles(of).map(duration).join(' / ')
}

/** Says nothing where no two clients competed. */
function fairness({ fairness: { windows } }: SimulationReport, value: number): string {
  return windows === 0 ? '–' : value.toFixed(2)
}

const percent = (part: number): string => `${(100 * part).toFixed(1)}%`

function duration(ms: number): string {
  if (ms < 1_000) return `${Number(ms.toPrecision(2))} ms`
  if (ms < 120_000) return `${Number((ms / 1_000).toPrecision(2))} s`
  if (ms < 7_200_000) return `${Number((ms / 60_000).toPrecision(2))} min`
  return `${Number((ms / 3_600_000).toPrecision(2))} h`
}
