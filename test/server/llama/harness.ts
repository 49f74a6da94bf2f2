import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { type Device, type DeviceRoom, type KvType, place } from '@berth/budget'
import type {
  Clock,
  GenerateJob,
  LoadSpec,
  ModelInfo,
  Piece,
  Purpose,
  Run,
  TokenLogprob,
} from '@berth/scheduler'
import { Abort } from '@berth/scheduler'
import {
  detectDevices,
  LlamaBackend,
  type LlamaBackendOptions,
  LlamaRunner,
  type ModelFile,
} from '../../../apps/server/src/llama/index.js'

export const realClock: Clock = {
  now: () => performance.now(),
  at: (at, run) => {
    const timer = setTimeout(run, Math.max(0, at - performance.now()))
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

export const RAM: Device = { id: 'ram', kind: 'ram', name: 'RAM', capacity: 64e9 }

const ROOM: readonly DeviceRoom[] = [{ device: RAM, free: RAM.capacity }]

/** The machine is looked at once for all tests of a file. */
const { engine: probe } = await detectDevices(false)

/** A backend whose models are these files, by name. */
export function backendOver(
  files: Readonly<Record<string, string>>,
  options: Partial<LlamaBackendOptions> = {},
): LlamaBackend {
  const fileOf = (model: string): ModelFile | null => {
    const path = files[model]
    return path === undefined ? null : { path, revision: 'r1' }
  }
  return new LlamaBackend({
    models: {
      list: () =>
        Promise.resolve(
          Object.keys(files).map((id): ModelInfo => ({
            id,
            revision: 'r1',
            bytes: 1,
            purposes: ['generate', 'embed'],
          })),
        ),
      resolve: (model) => Promise.resolve(fileOf(model)),
    },
    engine: { gpu: false, cores: 2, probe },
    clock: realClock,
    ...options,
  })
}

export interface SpecWish {
  readonly purpose?: Purpose
  readonly slots?: number
  readonly contextLength?: number
  readonly kvType?: KvType
}

/** A spec on the CPU, with the placement that the budget would choose. */
export async function specFor(backend: LlamaBackend, model: string, wish: SpecWish = {}): Promise<LoadSpec> {
  const { purpose = 'generate', slots = 1, contextLength = 512, kvType = 'f16' } = wish
  const profile = await backend.profile(model, purpose)
  const verdict = place(profile, { contextLength, slots, kvType }, ROOM)
  if (!verdict.fits) throw new Error(verdict.reason)
  const { placement } = verdict
  return {
    model,
    revision: 'r1',
    purpose,
    contextLength,
    slots,
    kvType,
    adapters: [],
    placement,
    // One thread is never waiting for another: on a busy machine the fastest by far.
    threads: 1,
  }
}

export async function load(backend: LlamaBackend, model: string, wish: SpecWish = {}): Promise<LlamaRunner> {
  const runner = await backend.load(await specFor(backend, model, wish), () => undefined, new Abort())
  if (!(runner instanceof LlamaRunner)) throw new Error('Expected a runner of the llama backend')
  return runner
}

/** Loads, uses and always stops. */
export async function withRunner(
  backend: LlamaBackend,
  model: string,
  wish: SpecWish,
  use: (runner: LlamaRunner) => Promise<void>,
): Promise<void> {
  const runner = await load(backend, model, wish)
  try {
    await use(runner)
  } finally {
    await runner.stop('now')
  }
}

/** A question for the model's chat template, at temperature 0. */
export function chat(question: string, more: Partial<GenerateJob> = {}): GenerateJob {
  return {
    kind: 'generate',
    prompt: { kind: 'messages', messages: [{ role: 'user', content: question }] },
    sampling: { temperature: 0 },
    maxTokens: 16,
    stop: [],
    overflow: { prompt: 'truncate', answer: 'stop' },
    ...more,
  }
}

/** Text as it stands, at temperature 0. */
export function raw(text: string, more: Partial<GenerateJob> = {}): GenerateJob {
  return chat('', { prompt: { kind: 'raw', text }, ...more })
}

export interface Answer {
  readonly text: string
  readonly pieces: readonly Piece[]
  readonly logprobs: readonly TokenLogprob[]
  readonly finished: Extract<Piece, { type: 'finished' }>
}

export async function answerOf(run: Pick<Run, 'pieces'>): Promise<Answer> {
  const pieces: Piece[] = []
  for await (const piece of run.pieces) pieces.push(piece)
  const finished = pieces.at(-1)
  if (finished?.type !== 'finished') throw new Error('Expected a finished piece at the end')
  return {
    text: textOf(pieces),
    pieces,
    logprobs: pieces.flatMap((piece) => (piece.type === 'text' ? (piece.logprobs ?? []) : [])),
    finished,
  }
}

export function textOf(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('')
}

/** Whether a process of this id runs. A dead one whose parent has not looked yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    if (process.platform !== 'linux') return true
    // After the name in parentheses, which may hold anything, comes the state.
    const state = /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
    return state !== 'Z' && state !== 'X'
  } catch {
    return false
  }
}

/** Looks again and again until it is so; the test's own time is the bound. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** The process ids of a process's children, by the kernel's or the system's own list. */
export function childrenOf(parent: number): number[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
      .map(Number)
  }
  const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  return Array.from(list.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)).flatMap(([, pid, its]) =>
    Number(its) === parent ? Number(pid) : [],
  )
}

/** Null for a process that has gone meanwhile. */
function parentOf(pid: string): number | null {
  try {
    // After the name in parentheses, which may hold anything, come the state and the parent.
    return Number(/\) \w (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
  } catch {
    return null
  }
}
