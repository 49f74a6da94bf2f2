import { LearnedMemory, MemoryBudget, type Device } from '@berth/budget'
import {
  BackendError,
  DEFAULT_SETTINGS,
  Scheduler,
  SchedulerError,
  type SchedulerEvent,
  type SchedulerRequest,
  type SchedulerSettings,
  type Ticket,
} from '@berth/scheduler'
import { FakeBackend, ManualClock, plainProfile, type FakeModel } from '@berth/scheduler/testing'

export const GiB = 2 ** 30

export function gpu(gib: number, id = 'gpu0'): Device {
  return { id, kind: 'gpu', name: 'GPU', capacity: Math.round(gib * GiB) }
}

export function ram(gib: number): Device {
  return { id: 'ram', kind: 'ram', name: 'RAM', capacity: Math.round(gib * GiB) }
}

/** A model of so many GiB of weights, with a KV cache of so many GiB at 4,096 tokens. */
export function model(gib: number, kvGib = 0, rest: Partial<FakeModel> = {}): FakeModel {
  return {
    profile: plainProfile({ weights: gib * GiB, kvPerToken: Math.round((kvGib * GiB) / 4096 / 4) * 4 }),
    loadMs: 1000,
    promptMs: 10,
    tokenMs: 10,
    ...rest,
  }
}

export interface World {
  readonly clock: ManualClock
  readonly backend: FakeBackend
  readonly budget: MemoryBudget
  readonly scheduler: Scheduler
  readonly events: SchedulerEvent[]
  /** What happened so far, a line an event: `state a idle→loading: why`. */
  readonly story: () => string[]
}

/** A scheduler over fakes, on a clock that stands still. */
export function world(
  models: Readonly<Record<string, FakeModel>>,
  devices: readonly Device[],
  settings: Partial<SchedulerSettings> = {},
): World {
  const clock = new ManualClock()
  const backend = new FakeBackend(clock, models)
  const budget = new MemoryBudget(devices, { margin: { bytes: 0, fraction: 0 } })
  const scheduler = new Scheduler({
    backends: [backend],
    budget,
    learned: new LearnedMemory(),
    clock,
    settings: { ...DEFAULT_SETTINGS, slots: 1, cores: 8, ...settings },
  })
  const events: SchedulerEvent[] = []
  scheduler.on((event) => events.push(event))
  return { clock, backend, budget, scheduler, events, story: () => events.flatMap(tell) }
}

function tell(event: SchedulerEvent): string[] {
  if (event.type !== 'state') return []
  // What little the host holds of a model on the GPU is the budget's affair, and tested there.
  const why = event.why.replace(/, [\d.]+ \w+ of [\d.]+ \w+ free on RAM/, '')
  return [`${event.at} ${event.model} ${event.from}→${event.to}: ${why}`]
}

/** A request for a short answer. */
export function generate(
  name: string,
  rest: Partial<SchedulerRequest> & { readonly prompt?: string; readonly maxTokens?: number } = {},
): SchedulerRequest {
  const { prompt = 'Hello', maxTokens, ...request } = rest
  return {
    model: name,
    purpose: 'generate',
    job: {
      kind: 'generate',
      prompt: { kind: 'raw', text: prompt },
      sampling: { temperature: 0 },
      stop: [],
      overflow: { prompt: 'truncate', answer: 'stop' },
      ...(maxTokens === undefined ? {} : { maxTokens }),
    },
    ...request,
  }
}

/** A request that wants the model loaded and no more. */
export function loadOnly(name: string, rest: Partial<SchedulerRequest> = {}): SchedulerRequest {
  return { model: name, purpose: 'generate', ...rest }
}

/** The whole text of an answer. */
export async function finished(ticket: Ticket): Promise<string> {
  let text = ''
  for await (const piece of ticket.pieces) if (piece.type === 'text') text += piece.text
  return text
}

/** The code with which a request ended, or "answered". */
export async function outcome(ticket: Ticket): Promise<string> {
  try {
    await finished(ticket)
    return 'answered'
  } catch (error) {
    if (error instanceof SchedulerError || error instanceof BackendError) return error.code
    throw error
  }
}
