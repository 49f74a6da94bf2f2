import { stat } from 'node:fs/promises'
import { formatBytes, MACHINE_PRESETS, machineOf } from '@berth/budget'
import type { Device, FitPlan, KvType } from '@berth/budget'
import { copyableSettings, ggufAddress, looksLikeAddress } from '@berth/protocol'
import { BackendError } from '@berth/scheduler'
import { nearest } from '../../config/index.js'
import { fitOf } from '../../engine/index.js'
import { StoreError } from '../../models/index.js'
import { CliError, EXIT } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { localConfig, localStore } from '../local-store.js'
import { suggestModel } from '../suggest-model.js'

export interface FitOptions {
  readonly context?: number
  readonly slots?: number
  readonly kvType?: KvType
  /** A preset's name. */
  readonly machine?: string
  /** Bytes of each GPU. */
  readonly vram?: readonly number[]
  readonly ram?: number
}

/** How the command ends, so that a script can ask. */
const CODE: Readonly<Record<FitPlan['kind'], number>> = {
  gpu: EXIT.ok,
  foreign: EXIT.ok,
  hybrid: EXIT.slower,
  cpu: EXIT.slower,
  cannot: EXIT.tooLarge,
}

/** Whether a model fits, where, and what to set. @returns the exit code. */
export async function fit(context: CommandContext, model: string, options: FitOptions): Promise<number> {
  const { out, json, around } = context
  const machine = machineFor(options)
  const config = localConfig(around.env)
  const problems: string[] = []
  const store = localStore(config, (problem) => problems.push(problem))
  const location = await locationOf(model, store)
  const plan = await fitOf(config, {
    location,
    ...(machine === undefined ? {} : { machine: machine.devices }),
    ...(options.context === undefined ? {} : { contextLength: options.context }),
    ...(options.slots === undefined ? {} : { slots: options.slots }),
    ...(options.kvType === undefined ? {} : { kvType: options.kvType }),
  }).catch((error: unknown) => {
    if (error instanceof BackendError) throw new CliError(error.message, undefined, { cause: error })
    throw error
  })
  const answer = answerOf(model, machine?.name ?? 'this machine', plan)
  if (json) out.json(answer)
  else print(answer, plan, out)
  return CODE[plan.kind]
}

function machineFor({
  machine,
  vram,
  ram,
}: FitOptions): { readonly name: string; readonly devices: readonly Device[] } | undefined {
  if (machine !== undefined) {
    if (vram !== undefined || ram !== undefined)
      throw new CliError('expected either --machine, or --vram and --ram', EXIT.usage)
    const ids = MACHINE_PRESETS.map(({ id }) => id)
    const preset = MACHINE_PRESETS.find(({ id }) => id === machine.toLowerCase())
    if (preset !== undefined) return preset
    const guess = nearest(machine.toLowerCase(), ids)
    const help = guess === undefined ? `expected one of ${ids.join(', ')}` : `did you mean ${guess}?`
    throw new CliError(`--machine: there is no "${machine}": ${help}`, EXIT.usage)
  }
  if (vram === undefined && ram === undefined) return undefined
  if (ram === undefined) throw new CliError('--vram needs --ram as well, such as --ram 16GB', EXIT.usage)
  const gpus = (vram ?? []).filter((bytes) => bytes > 0)
  const name = [...gpus.map((bytes) => `${gb(bytes)} of VRAM`), `${gb(ram)} of RAM`].join(' + ')
  return { name, devices: machineOf(gpus, ram) }
}

const gb = (bytes: number): string => `${Number((bytes / 1e9).toFixed(1))} GB`

/** Where the model's file is: at an address, at a path, or in the store. */
async function locationOf(model: string, store: ReturnType<typeof localStore>): Promise<string> {
  if (looksLikeAddress(model)) {
    const address = ggufAddress(model)
    if (!address.ok) throw new CliError(address.why, EXIT.usage)
    return address.url
  }
  if (await isFile(model)) return model
  try {
    const found = await store.find(model)
    if (found !== undefined) return found.files[0]
  } catch (error) {
    if (!(error instanceof StoreError) || /\.gguf$/i.test(model)) throw noFile(model, error)
    throw new CliError(error.message, undefined, { cause: error })
  }
  if (/\.gguf$/i.test(model)) throw noFile(model)
  const names = (await store.list()).map(({ name }) => name)
  const guess = suggestModel(model, names)
  const help =
    guess === undefined
      ? 'expected one of the store ("berth list"), a .gguf file, or the address of one'
      : `did you mean ${guess}?`
  throw new CliError(`no such model '${model}'${guess === undefined ? ': ' : '; '}${help}`)
}

function noFile(path: string, cause?: unknown): CliError {
  return new CliError(`${path}: there is no such file`, undefined, { cause })
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

/** As `--json` gives it. */
interface Answer {
  readonly model: string
  readonly machine: string
  readonly verdict: FitPlan['kind']
  readonly reason: string
  readonly advice: readonly string[]
  readonly gpuLayers: number
  readonly layers: number | null
  readonly settings: FitPlan['settings']
  readonly devices: readonly {
    readonly device: string
    readonly name: string
    readonly capacity: number
    readonly free: number
    readonly weights: number
    readonly kvCache: number
    readonly compute: number
    readonly overhead: number
    readonly bytes: number
  }[]
  readonly longestContext: number
  readonly longestContextOnGpu: number
  readonly mostSlots: number
  readonly mostSlotsOnGpu: number
  readonly copy: ReturnType<typeof copyableSettings>
}

function answerOf(model: string, machine: string, plan: FitPlan): Answer {
  const { verdict, kind, settings, layers, devices, ...most } = plan
  return {
    model,
    machine,
    verdict: kind,
    reason: verdict.fits ? verdict.placement.reason : verdict.reason,
    advice: verdict.fits ? [] : verdict.advice,
    gpuLayers: verdict.fits ? verdict.placement.gpuLayers : 0,
    layers,
    settings,
    devices: devices.map(({ on, free, weights, kvCache, compute, overhead, bytes }) => ({
      device: on.id,
      name: on.name,
      capacity: on.capacity,
      free,
      weights,
      kvCache,
      compute,
      overhead,
      bytes,
    })),
    ...most,
    copy: copyableSettings(settings),
  }
}

const WORDS: Readonly<Record<FitPlan['kind'], string>> = {
  gpu: 'fits on the GPU',
  hybrid: 'fits on GPU and CPU together: slower than on the GPU alone',
  cpu: 'fits on the CPU alone',
  foreign: 'is in memory elsewhere',
  cannot: 'cannot be loaded',
}

function print(answer: Answer, { kind, devices }: FitPlan, out: CommandContext['out']): void {
  const { model, machine, settings, reason, advice, copy } = answer
  const { contextLength, slots, kvType } = settings
  out.line(`${model} ${WORDS[kind]} (${machine})`)
  out.line(`  ${reason}`)
  for (const each of advice) out.line(`  what would help: ${each}`)
  out.line()
  out.line(
    `At ${contextLength} tokens a slot, ${slots} slot${slots === 1 ? '' : 's'}, KV cache in ${kvType}:`,
  )
  out.table([
    ['MEMORY', 'WEIGHTS', 'KV CACHE', 'COMPUTE', 'OVERHEAD', 'TAKES', 'OF'],
    ...devices.map(({ on, weights, kvCache, compute, overhead, bytes, free }) => [
      on.name,
      ...[weights, kvCache, compute, overhead].map((part) => formatBytes(part)),
      `${formatBytes(bytes)}${bytes > free ? ' !' : ''}`,
      formatBytes(free),
    ]),
  ])
  out.line()
  const { longestContext, longestContextOnGpu, mostSlots, mostSlotsOnGpu } = answer
  out.line(`Longest context  ${longestContext}${aside(longestContext, longestContextOnGpu)}`)
  out.line(`Most slots       ${mostSlots}${aside(mostSlots, mostSlotsOnGpu)}`)
  if (kind === 'cannot') return
  out.line()
  out.line(copy.flags)
  out.line(copy.env)
  out.line(copy.modelfile)
}

function aside(most: number, onGpu: number): string {
  return onGpu === 0 || onGpu === most ? '' : ` (${onGpu} without leaving the GPU)`
}
