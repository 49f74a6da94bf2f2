import type { Distribution, SimulationReport } from '@berth/scheduler/simulation'
import type { NamedReport } from '../commands/simulate.js'

/** Reports side by side: a row a figure, a column a policy, and what none of them can beat. */
export function simulationTable(reports: readonly NamedReport[]): readonly (readonly string[])[] {
  const [first] = reports
  if (first === undefined) return []
  const row = (label: string, of: (report: SimulationReport) => string, bound = ''): readonly string[] => [
    label,
    ...reports.map(({ report }) => of(report)),
    bound,
  ]
  const { bounds } = first.report
  const { devices } = first.report
  return [
    ['', ...reports.map(({ name }) => name), 'bound'],
    row('requests', ({ all }) => String(all.requests)),
    row('finished', ({ all }) => String(all.finished)),
    row('makespan', ({ makespanMs }) => time(makespanMs), time(bounds.makespanMs)),
    ...latency('first token', ({ all }) => all.firstToken, bounds.firstToken),
    ...latency('last token', ({ all }) => all.end, bounds.end),
    ...classes(first.report).flatMap((name) => [
      row(`${name}: first token p50`, ({ byClass }) => time(byClass[name]?.firstToken.p50 ?? 0)),
      row(`${name}: first token p99`, ({ byClass }) => time(byClass[name]?.firstToken.p99 ?? 0)),
      row(`${name}: promises kept`, ({ byClass }) => percent(byClass[name]?.sloAttained ?? 1), '100%'),
    ]),
    row('loads', ({ swaps }) => String(swaps.loads), String(bounds.loads)),
    row('evictions', ({ swaps }) => String(swaps.evictions)),
    row('preemptions', ({ swaps }) => String(swaps.preemptions)),
    row('model was loaded', ({ swaps }) => percent(swaps.hitRate)),
    row('tokens/s', ({ tokensPerSecond }) => String(Math.round(tokensPerSecond))),
    row(
      'Jain’s index of shares',
      ({ fairness }) => (fairness.windows === 0 ? '—' : fairness.jain.toFixed(3)),
      '1.000',
    ),
    row(
      'least share of largest',
      ({ fairness }) => (fairness.windows === 0 ? '—' : percent(fairness.minMaxShare)),
      '100%',
    ),
    ...devices.map(({ name }, i) => row(`${name}: busy`, (report) => percent(report.devices[i]?.busy ?? 0))),
  ]

  function latency(
    label: string,
    of: (report: SimulationReport) => Distribution,
    bound: Distribution,
  ): readonly (readonly string[])[] {
    return (['p50', 'p90', 'p99'] as const).map((part) =>
      row(`${label} ${part}`, (report) => time(of(report)[part]), time(bound[part])),
    )
  }
}

export function classes({ byClass }: SimulationReport) {
  return (['interactive', 'normal', 'batch'] as const).filter((name) => byClass[name] !== undefined)
}

/** "85 ms", "1.25 s", "4.2 min". */
function time(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1_000).toFixed(2)} s`
  return ms < 7_200_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)}%`
}
