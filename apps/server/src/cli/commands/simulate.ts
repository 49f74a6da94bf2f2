import { createReadStream } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { machineOf } from '@berth/budget'
import type { EvictionName, PolicyName } from '@berth/scheduler'
import {
  generate,
  machineNamed,
  machineWith,
  readTrace,
  simulate as run,
  TraceError,
  type MachineModel,
  type SimulationReport,
  type TraceSource,
} from '@berth/scheduler/simulation'
import { CliError, EXIT } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { simulationPage } from '../output/simulation-page.js'
import { simulationTable } from '../output/simulation-table.js'
import { workloadOf, type WorkloadOptions } from './workload.js'

export interface SimulateOptions extends WorkloadOptions {
  readonly policy?: PolicyName
  readonly eviction?: EvictionName
  /** Further columns: a policy, or a policy and an eviction with a `+` between them. */
  readonly compare?: readonly Column[]
  readonly oracle?: boolean
  readonly preset?: string
  /** Bytes of each GPU. */
  readonly vram?: readonly number[]
  readonly ram?: number
  readonly slots?: number
  readonly context?: number
  readonly maxLoaded?: number
  readonly maxQueue?: number
  readonly preempt?: boolean
  readonly html?: string
}

/** One way to schedule. */
export interface Column {
  readonly policy: PolicyName
  readonly eviction?: EvictionName
}

/** A report, and what it is called in tables. */
export interface NamedReport {
  readonly name: string
  readonly report: SimulationReport
}

/** Where no machine is named. */
const USUAL_MACHINE = 'rtx-4090'

/** Runs a trace, or a generated one, through the scheduler under one policy or several, and shows how they fared. */
export async function simulate(
  { out, json, interrupted }: CommandContext,
  file: string | undefined,
  options: SimulateOptions,
): Promise<void> {
  const machine = machineFor(options)
  const trace = await traceFor(file, options)
  const reports: NamedReport[] = []
  for (const { name, oracle, ...column } of columnsOf(options)) {
    const report = await run({
      trace,
      machine,
      settings: { ...settingsOf(options), ...column },
      oracle,
      signal: interrupted,
    }).catch((error: unknown) => {
      if (error instanceof TraceError || error instanceof RangeError) {
        throw new CliError(`${file ?? 'the workload'}: ${error.message}`, undefined, { cause: error })
      }
      throw error
    })
    reports.push({ name, report })
  }
  if (options.html !== undefined)
    await save(options.html, simulationPage(file ?? 'a generated trace', reports))
  if (json) return out.json({ machine: machine.name, reports })
  out.line(`${file ?? 'A generated trace'}, on ${machine.name}`)
  out.line()
  out.table(simulationTable(reports))
  if (options.html !== undefined) out.note(`wrote ${options.html}`)
}

interface NamedColumn {
  readonly name: string
  readonly policy: PolicyName
  readonly eviction: EvictionName
  readonly oracle: boolean
}

function columnsOf({
  policy = 'fair',
  eviction = 'lru',
  compare = [],
  oracle = false,
}: SimulateOptions): readonly NamedColumn[] {
  const columns = new Map<string, NamedColumn>()
  for (const column of [{ policy, eviction }, ...compare]) {
    const evicts = column.eviction ?? eviction
    const name = `${column.policy}+${evicts}`
    columns.set(name, { name, policy: column.policy, eviction: evicts, oracle: false })
  }
  if (oracle) columns.set('oracle', { name: `${policy}+oracle`, policy, eviction, oracle: true })
  return [...columns.values()]
}

function settingsOf({ slots, context, maxLoaded, maxQueue, preempt }: SimulateOptions) {
  return {
    ...(slots === undefined ? {} : { slots }),
    ...(context === undefined ? {} : { contextLength: context }),
    ...(maxLoaded === undefined ? {} : { maxLoaded }),
    ...(maxQueue === undefined ? {} : { maxQueue }),
    ...(preempt === undefined ? {} : { preempt }),
  }
}

function machineFor({ preset, vram, ram }: SimulateOptions): MachineModel {
  if (preset !== undefined && (vram !== undefined || ram !== undefined)) {
    throw new CliError('expected either --preset, or --vram and --ram', EXIT.usage)
  }
  if (vram === undefined && ram === undefined) {
    try {
      return machineNamed((preset ?? USUAL_MACHINE).toLowerCase())
    } catch (error) {
      throw new CliError(`--preset: ${error instanceof Error ? error.message : String(error)}`, EXIT.usage)
    }
  }
  const gpus = vram ?? []
  const all = gpus.reduce((sum, bytes) => sum + bytes, 0)
  // As machines mostly have it: twice what their GPUs have.
  const host = ram ?? 2 * all
  const name = [...gpus.map((bytes) => `${gb(bytes)} of VRAM`), `${gb(host)} of RAM`].join(' + ')
  return machineWith(machineOf(gpus, host), { name })
}

const gb = (bytes: number): string => `${Number((bytes / 1e9).toFixed(1))} GB`

async function traceFor(file: string | undefined, options: SimulateOptions): Promise<TraceSource> {
  if (options.generate !== undefined) {
    if (file !== undefined) throw new CliError('expected either a trace or --generate, got both', EXIT.usage)
    const workload = workloadOf(options)
    return () => generate(workload)
  }
  if (file === undefined) {
    throw new CliError(
      'expected a trace, as berth record writes it, or --generate poisson, bursts or day',
      EXIT.usage,
    )
  }
  const is = await stat(file).catch((cause: unknown) => {
    throw new CliError(`${file}: there is no such file`, undefined, { cause })
  })
  if (!is.isFile()) throw new CliError(`${file}: expected a file`)
  return () => readTrace(createInterface({ input: createReadStream(file), crlfDelay: Infinity }))
}

async function save(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw new CliError(`--html: ${path} cannot be written`, undefined, { cause })
  })
}
