import { parseTrace, simulate } from '@berth/scheduler/simulation'
import { RunRecorder } from './recorder.js'
import type { Run, RunOrder } from './run.js'

/**
 * Runs a trace through the scheduler and keeps what it decided.
 * @throws TraceError, RangeError with what is wrong with the trace or the settings.
 */
export async function execute({ trace, machine, settings, oracle }: RunOrder): Promise<Run> {
  const lines = typeof trace === 'string' ? [...parseTrace(trace)] : trace
  if (!lines.some(({ type }) => type === 'request')) throw new RangeError('The trace has no requests')
  const recorder = new RunRecorder()
  const report = await simulate({
    trace: () => lines,
    machine,
    settings,
    oracle,
    observe: (moment) => recorder.hear(moment),
  })
  const end = lines.at(-1)
  const last = end?.type === 'end' ? end.at : 0
  return { report, ...recorder.result(Math.max(report.makespanMs, last)) }
}
