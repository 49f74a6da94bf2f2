import type { RunnerId, RunnerSnapshot, RunProgress, SchedulerEvent } from '@berth/scheduler'
import type { JobView, RunnerView } from './views.js'

/** More are not shown; a machine that holds them does not exist. */
const MOST = 256

/** The runners, by their events. Each view is a new object when it changes, and the same one while it does not. */
export class Runners {
  readonly #views = new Map<RunnerId, RunnerView>()

  get views(): ReadonlyMap<RunnerId, RunnerView> {
    return this.#views
  }

  /** @param toPage from the scheduler's clock to the page's. */
  reset(runners: readonly RunnerSnapshot[], toPage: (at: number) => number): void {
    const before = new Map(this.#views)
    this.#views.clear()
    for (const runner of runners.slice(0, MOST))
      this.#views.set(runner.id, fromSnapshot(runner, toPage, before.get(runner.id)))
  }

  jobOf(runner: RunnerId | null, request: string): JobView | undefined {
    return this.#views.get(runner ?? '')?.jobs.find((job) => job.request === request)
  }

  /** @param at the event's time by the page's clock. @param who of a request that begins to run. */
  apply(event: SchedulerEvent, at: number, who: Pick<JobView, 'class' | 'client'>): void {
    switch (event.type) {
      case 'state':
        this.#state(event, at)
        break
      case 'running':
        this.#change(event.runner, ({ jobs }) => ({
          jobs: [...jobs, { ...who, ...begin(event.request, freeSlot(jobs), at) }],
        }))
        break
      case 'progress':
        this.#change(event.runner, ({ jobs }) => ({
          jobs: jobs.map((job) =>
            job.request === event.request ? { ...job, ...progressOf(event.progress, job) } : job,
          ),
        }))
        break
      case 'preempted':
      case 'finished':
      case 'failed':
        if (event.runner !== null) this.#endJob(event.runner, event.request)
        break
      case 'cancelled':
      case 'retried':
        for (const { id } of this.#views.values()) this.#endJob(id, event.request)
        break
      case 'reclassed':
        for (const { id, jobs } of this.#views.values()) {
          if (!jobs.some(({ request }) => request === event.request)) continue
          const to = event.class
          this.#change(id, () => ({
            jobs: jobs.map((job) => (job.request === event.request ? { ...job, class: to } : job)),
          }))
        }
        break
      case 'loading':
        this.#change(event.runner, () => ({ loading: event.progress }))
        break
      case 'measured':
        this.#change(event.runner, () => ({ bytes: event.bytes, measured: true }))
        break
      case 'draining':
        this.#change(event.runner, () => ({ draining: true }))
        break
      case 'pinned':
        this.#change(event.runner, () => ({ pinned: event.pinned }))
        break
      case 'evicted':
      case 'load-failed':
      case 'lost':
      case 'queued':
      case 'refused':
      case 'waiting':
        break
    }
  }

  #state(event: Extract<SchedulerEvent, { type: 'state' }>, at: number): void {
    if (event.to === 'idle') {
      this.#views.delete(event.runner)
      return
    }
    const had = this.#views.get(event.runner)
    if (had === undefined) {
      if (this.#views.size >= MOST) return
      this.#views.set(event.runner, {
        id: event.runner,
        model: event.model,
        purpose: event.purpose,
        state: event.to,
        why: event.why,
        since: at,
        began: at,
        draining: false,
        pinned: false,
        bytes: event.placement?.bytes ?? [],
        measured: false,
        placement: event.placement ?? null,
        loading: null,
        jobs: [],
        facts: null,
      })
      return
    }
    this.#views.set(event.runner, {
      ...had,
      state: event.to,
      why: event.why,
      since: event.to === had.state ? had.since : at,
      loading: event.to === 'loading' ? had.loading : null,
      facts: had.facts === null ? null : { ...had.facts, expiresAt: null },
    })
  }

  #endJob(runner: RunnerId, request: string): void {
    const had = this.#views.get(runner)
    if (had?.jobs.some((job) => job.request === request) !== true) return
    this.#views.set(runner, { ...had, jobs: had.jobs.filter((job) => job.request !== request) })
  }

  #change(runner: RunnerId, patch: (had: RunnerView) => Partial<RunnerView>): void {
    const had = this.#views.get(runner)
    if (had !== undefined) this.#views.set(runner, { ...had, ...patch(had) })
  }
}

function fromSnapshot(
  runner: RunnerSnapshot,
  toPage: (at: number) => number,
  had: RunnerView | undefined,
): RunnerView {
  const { id, model, purpose, state, why, draining, pinned, bytes, spec } = runner
  const jobs: JobView[] = []
  for (const job of runner.running) {
    const known = had?.jobs.find(({ request }) => request === job.request)
    const began = known ?? begin(job.request, freeSlot(jobs, had?.jobs), toPage(job.since))
    const progress = job.progress === null ? {} : progressOf(job.progress, began)
    jobs.push({ ...began, ...progress, class: job.class, client: job.client })
  }
  return {
    id,
    model,
    purpose,
    state,
    why,
    since: had?.state === state ? had.since : toPage(runner.since),
    began: had?.began ?? toPage(runner.since),
    draining,
    pinned,
    bytes,
    measured: had?.measured ?? (state === 'ready' || state === 'busy'),
    placement: spec.placement,
    // It stays what it was at the end of the load.
    loading: state === 'loading' ? runner.loading : null,
    jobs,
    facts: {
      backend: runner.backend,
      slots: spec.slots,
      contextLength: spec.contextLength,
      threads: runner.threads,
      // JSON has no Infinity, and makes null of it: what is ready and ends at no time stays.
      expiresAt: state === 'ready' ? (runner.expiresAt === null ? Infinity : toPage(runner.expiresAt)) : null,
    },
  }
}

function begin(request: string, slot: number, since: number): Omit<JobView, 'class' | 'client'> {
  return { request, slot, since, phase: 'prompt', tokens: 0, of: 0, promptTokens: 0 }
}

/** The first slot that neither these jobs have nor those. */
function freeSlot(jobs: readonly JobView[], others: readonly JobView[] = []): number {
  const taken = new Set([...jobs, ...others].map(({ slot }) => slot))
  let slot = 0
  while (taken.has(slot)) slot += 1
  return slot
}

type Told = Pick<JobView, 'phase' | 'tokens' | 'of' | 'promptTokens'>

function progressOf(progress: RunProgress, { of, promptTokens }: Told): Told {
  const { phase } = progress
  if (phase === 'waiting') return { phase, tokens: 0, of, promptTokens }
  const { tokens } = progress
  if (phase === 'prompt') return { phase, tokens, of: progress.of, promptTokens: tokens }
  return { phase, tokens, of, promptTokens }
}
