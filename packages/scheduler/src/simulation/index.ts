export { simulate } from './simulate.js'
export type { Moment, SimulationOptions, TraceSource } from './simulate.js'
export { parseTrace, readTrace } from './read-trace.js'
export { traceText } from './write-trace.js'
export { TraceRecorder } from './record-trace.js'
export type { ModelFacts } from './record-trace.js'
export { TraceError } from './trace-error.js'
export { TRACE_VERSION } from './trace.js'
export type {
  ModelRates,
  ModelShape,
  TraceEnd,
  TraceHeader,
  TraceLine,
  TraceModel,
  TraceRequest,
} from './trace.js'
export type { MachineDevice, MachineModel } from './machine.js'
export { generate } from './generator.js'
export type { ClientMix, Workload } from './generator.js'
export type { Arrivals } from './arrivals.js'
export { AZURE_CODE, AZURE_CONVERSATION } from './lengths.js'
export type { Lengths, LengthsOfRequests } from './lengths.js'
export { machineNamed, MACHINES, machineWith } from './machine-presets.js'
export type { MachineOptions } from './machine-presets.js'
export { DEFAULT_SLO } from './report.js'
export type {
  Bounds,
  ClientOutcome,
  DeviceReport,
  Latencies,
  Outcome,
  SimulationReport,
  Slo,
  SloByClass,
  SwapReport,
} from './report.js'
export type { Distribution } from './histogram.js'
export type { FairnessReport } from './fairness-meter.js'
export type { SeriesReport } from './series.js'
