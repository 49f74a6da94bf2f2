import type { Backend, LoadSpec, ModelId, Purpose, Run, Runner, RunnerEnd } from '../backend.js'
import { BackendError, type BackendErrorCode } from '../errors.js'
import type { GenerateJob, Job } from '../job.js'
import type { Piece } from '../piece.js'
import { Abort } from '../signal.js'

/** A backend under test, and what the suite must know to use it. */
export interface ContractSubject {
  readonly backend: Backend
  /** A model that generates; answers of several tokens to any prompt. */
  readonly model: ModelId
  /** One that embeds; null where the engine has none. */
  readonly embedder: ModelId | null
  /** A name that is not in the catalog. */
  readonly missing: ModelId
  /** A spec to load, with so many slots. */
  readonly spec: (model: ModelId, purpose: Purpose, slots: number) => Promise<LoadSpec>
  /** How many slots the engine can do; cases that need two are not run below that. */
  readonly slots: number
  /** A raw prompt so long that it takes the engine more than one step. */
  readonly longPrompt: string
  /** Waits until a promise has settled, while letting the engine work (advances a manual clock, say). */
  readonly wait: <T>(promise: Promise<T>) => Promise<T>
  /** Ends the runner from outside, as a crash would; null where that cannot be done. */
  readonly crash: ((runner: Runner) => void) | null
}

export interface ContractCase {
  readonly name: string
  run(subject: ContractSubject): Promise<void>
}

/**
 * What every backend must do, as cases for any test runner: each loads what it needs and leaves nothing
 * loaded. They throw an `Error` that says what was expected.
 */
export function backendContract(
  subject: Pick<ContractSubject, 'slots' | 'embedder' | 'crash'>,
): readonly ContractCase[] {
  return [
    ...CASES,
    ...(subject.slots >= 2 ? SLOT_CASES : []),
    ...(subject.embedder === null ? [] : EMBED_CASES),
    ...(subject.crash === null ? [] : CRASH_CASES),
  ]
}

const CASES: readonly ContractCase[] = [
  {
    name: 'lists its models, with a revision that stays the same',
    async run({ backend, model, wait }) {
      const [first, second] = [await wait(backend.catalog()), await wait(backend.catalog())]
      const info = first.find(({ id }) => id === model)
      expect(info !== undefined, `${model} in the catalog`)
      expect(info?.purposes.includes('generate') === true, `${model} to generate`)
      same(second.find(({ id }) => id === model)?.revision, info?.revision, 'the revision when asked again')
    },
  },
  {
    name: 'refuses to profile or to load what it does not have',
    async run({ backend, missing, model, spec, wait }) {
      const good = await spec(model, 'generate', 1)
      await fails(wait(backend.profile(missing, 'generate')))
      await fails(wait(backend.load({ ...good, model: missing }, () => undefined, new Abort())))
    },
  },
  {
    name: 'reports a load that rises to its end',
    run: (subject) =>
      withRunner(subject, 1, (_runner, reports) => {
        expect(reports.length > 0, 'at least one report of progress')
        reports.reduce((before, fraction) => {
          expect(
            fraction >= before && fraction <= 1,
            `progress to rise within 0 and 1, got ${reports.join(', ')}`,
          )
          return fraction
        }, 0)
        return Promise.resolve()
      }),
  },
  {
    name: 'gives up a load that is called off, and can load again',
    async run(subject) {
      const { backend, model, spec, wait } = subject
      const abort = new Abort()
      const loading = backend.load(await spec(model, 'generate', 1), () => undefined, abort)
      abort.abort('called off')
      // It may have been done already: then the runner is ours to stop.
      const outcome = await wait(loading.then((runner) => runner, asError))
      if (outcome instanceof BackendError) same(outcome.code, 'aborted', 'the code')
      else await wait(outcome.stop('now'))
      await withRunner(subject, 1, async (runner) => void (await answer(subject, runner, job('Hello', 2))))
    },
  },
  {
    name: 'answers with text and one last piece, and gives the slot back',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const run = runner.start(job('Hello', 4))
        const { pieces } = await answerOf(subject, run)
        expect(
          pieces.length > 0 && pieces.slice(0, -1).every(({ type }) => type === 'text'),
          'text before the end',
        )
        const last = pieces.at(-1)
        expect(last?.type === 'finished', 'a finished piece at the end')
        const end = await subject.wait(run.slotFree)
        same(end.how, 'finished', 'how the slot came free')
        if (last?.type === 'finished' && end.how === 'finished') {
          same(end.reason, last.reason, 'the reason')
          same(end.metrics.decodedTokens, last.metrics.decodedTokens, 'the tokens decoded')
          expect(
            end.metrics.decodedTokens > 0 && end.metrics.decodedTokens <= 4,
            'one to four tokens decoded',
          )
        }
      }),
  },
  {
    name: 'frees the slot without a reader, and lets the answer be read later',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const run = runner.start(job('Hello', 3))
        same((await subject.wait(run.slotFree)).how, 'finished', 'how the slot came free')
        const { text } = await answerOf(subject, run)
        const again = await answer(subject, runner, job('Hello', 3))
        same(again.text, text, 'the same answer at temperature 0')
      }),
  },
  {
    name: 'gives the same answer for the same seed',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const seeded: GenerateJob = { ...job('Tell', 6), sampling: { temperature: 1, seed: 42 } }
        const first = await answer(subject, runner, seeded)
        same((await answer(subject, runner, seeded)).text, first.text, 'the answer')
      }),
  },
  {
    name: 'reports progress while it works, and none before start returns or after the slot is free',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        let started = false
        let over = false
        let reports = 0
        const run = runner.start(job('Hello', 6))
        run.onProgress(() => {
          expect(started && !over, 'progress between start and the end only')
          reports += 1
        })
        started = true
        await subject.wait(run.slotFree)
        over = true
        expect(reports > 0, 'progress')
        await answerOf(subject, run)
      }),
  },
  {
    name: 'cancels in the prompt, and takes the next job',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const run = runner.start(job(subject.longPrompt, 4))
        run.cancel()
        run.cancel()
        await cancelled(subject, runner, run)
      }),
  },
  {
    name: 'cancels in decode, and takes the next job',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const run = runner.start(job('Hello', 200))
        const reading = run.pieces[Symbol.asyncIterator]()
        const first = await subject.wait(reading.next())
        if (first.done === true || first.value.type === 'finished') return
        run.cancel()
        const end = await subject.wait(run.slotFree)
        if (end.how === 'finished') return
        await cancelled(subject, runner, run, false)
      }),
  },
  {
    name: 'cancels when its reader leaves',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const run = runner.start(job('Hello', 200))
        const reading = run.pieces[Symbol.asyncIterator]()
        await subject.wait(reading.next())
        await reading.return?.()
        const end = await subject.wait(run.slotFree)
        expect(end.how === 'cancelled' || end.how === 'finished', `cancelled, got ${end.how}`)
        if (runner.can.cancel !== 'kill') await answer(subject, runner, job('Hello', 2))
      }),
  },
  {
    name: 'takes a late cancel for nothing',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const run = runner.start(job('Hello', 2))
        await subject.wait(run.slotFree)
        const next = runner.start(job('Hello', 2))
        run.cancel()
        same((await subject.wait(next.slotFree)).how, 'finished', 'the next job')
      }),
  },
  {
    name: 'parks a job and goes on with it, or says that it cannot',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const whole = await answer(subject, runner, job('Hello', 8))
        const run = runner.start(job('Hello', 8))
        const reading = run.pieces[Symbol.asyncIterator]()
        const first = await subject.wait(reading.next())
        if (runner.can.park === 'none') {
          same((await failure(subject.wait(run.park()))).code, 'unsupported', 'the code')
          await drain(subject, reading)
          return
        }
        const parking = await subject.wait(run.park().then((parked) => parked, asError))
        const head = (first.done === true ? [] : [first.value]).concat(await drain(subject, reading))
        await subject.wait(run.slotFree)
        if (parking instanceof BackendError) {
          // The answer was over first, which a fast engine may well be.
          same(parking.code, 'aborted', 'the code')
          return
        }
        expect(
          head.every(({ type }) => type !== 'finished'),
          'no finished piece of a parked job',
        )
        const tail = await answerOf(subject, runner.start(job('Hello', 8), parking))
        same(textOf(head) + tail.text, whole.text, 'the text of both parts')
      }),
  },
  {
    name: 'counts tokens, or says that it cannot',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const outcome = await subject.wait(runner.countTokens('one two three').then((n) => n, asError))
        if (outcome instanceof BackendError) same(outcome.code, 'unsupported', 'the code')
        else expect(Number.isInteger(outcome) && outcome > 0, `a count above 0, got ${outcome}`)
      }),
  },
  {
    name: 'ends when asked: jobs fail as lost before, the end says it was asked for',
    async run(subject) {
      const runner = await load(subject, 1)
      const run = runner.start(job(subject.longPrompt, 200))
      let over: string | null = null
      void run.slotFree.then((end) => (over = end.how))
      const stopped = runner.stop('now')
      const end: RunnerEnd = await subject.wait(runner.ended)
      same(end.asked, true, 'asked')
      expect(over !== null, 'the slot free before the end')
      await subject.wait(stopped)
      await subject.wait(runner.stop('gracefully'))
      same((await failure(answerOf(subject, run))).code, 'lost', 'the code of the job')
      const late = runner.start(job('Hello', 1))
      same((await failure(answerOf(subject, late))).code, 'lost', 'the code of a job after the end')
    },
  },
]

const SLOT_CASES: readonly ContractCase[] = [
  {
    name: 'runs jobs side by side, one cancelled without harm to the other',
    run: (subject) =>
      withRunner(subject, 2, async (runner) => {
        const alone = await answer(subject, runner, job('Hello', 6))
        const [stays, leaves] = [runner.start(job('Hello', 6)), runner.start(job(subject.longPrompt, 6))]
        leaves.cancel()
        const kept = await answerOf(subject, stays)
        const end = await subject.wait(leaves.slotFree)
        same(end.how, 'cancelled', 'the end of the cancelled one')
        same(kept.text.length > 0, alone.text.length > 0, 'an answer for the other')
      }),
  },
]

const EMBED_CASES: readonly ContractCase[] = [
  {
    name: 'embeds each input, in order, the same input alike',
    async run(subject) {
      const { backend, embedder, spec, wait } = subject
      if (embedder === null) return
      const runner = await wait(backend.load(await spec(embedder, 'embed', 1), () => undefined, new Abort()))
      try {
        const run = runner.start({ kind: 'embed', inputs: ['one', 'another text', 'one'], truncate: true })
        const { pieces } = await answerOf(subject, run)
        const vectors = pieces.flatMap((piece) => (piece.type === 'embedding' ? [piece] : []))
        same(vectors.map(({ index }) => index).join(), '0,1,2', 'the order of the inputs')
        expect(
          vectors.every(({ vector }) => vector.length === vectors[0]?.vector.length),
          'vectors of one length',
        )
        expect(vectors[0]?.vector.every(Number.isFinite) === true, 'finite numbers')
      } finally {
        await wait(runner.stop('now'))
      }
    },
  },
]

const CRASH_CASES: readonly ContractCase[] = [
  {
    name: 'tells a crash: jobs fail as lost, the end was not asked for',
    async run(subject) {
      const runner = await load(subject, 1)
      const run = runner.start(job(subject.longPrompt, 200))
      subject.crash?.(runner)
      same((await failure(answerOf(subject, run))).code, 'lost', 'the code')
      const end = await subject.wait(runner.ended)
      same(end.asked, false, 'asked')
      expect(end.reason !== '', 'a reason')
    },
  },
]

function job(text: string, maxTokens: number): GenerateJob {
  return {
    kind: 'generate',
    prompt: { kind: 'raw', text },
    sampling: { temperature: 0 },
    maxTokens,
    stop: [],
    overflow: { prompt: 'truncate', answer: 'stop' },
  }
}

async function load(subject: ContractSubject, slots: number, reports: number[] = []): Promise<Runner> {
  const spec = await subject.spec(subject.model, 'generate', slots)
  return subject.wait(subject.backend.load(spec, ({ fraction }) => void reports.push(fraction), new Abort()))
}

async function withRunner(
  subject: ContractSubject,
  slots: number,
  use: (runner: Runner, reports: readonly number[]) => Promise<void>,
): Promise<void> {
  const reports: number[] = []
  const runner = await load(subject, slots, reports)
  try {
    await use(runner, reports)
  } finally {
    await subject.wait(runner.stop('now'))
  }
}

function answer(
  subject: ContractSubject,
  runner: Runner,
  of: Job,
): Promise<{ text: string; pieces: Piece[] }> {
  return answerOf(subject, runner.start(of))
}

async function answerOf(subject: ContractSubject, run: Run): Promise<{ text: string; pieces: Piece[] }> {
  const pieces = await drain(subject, run.pieces[Symbol.asyncIterator]())
  await subject.wait(run.slotFree)
  return { pieces, text: textOf(pieces) }
}

async function drain(subject: ContractSubject, reading: AsyncIterator<Piece>): Promise<Piece[]> {
  const pieces: Piece[] = []
  for (;;) {
    const next = await subject.wait(reading.next())
    if (next.done === true) return pieces
    pieces.push(next.value)
  }
}

/** The run ends as cancelled, its reader is told so, and the runner goes on (or ends, where that is how it cancels). */
async function cancelled(subject: ContractSubject, runner: Runner, run: Run, read = true): Promise<void> {
  const end = await subject.wait(run.slotFree)
  same(end.how, 'cancelled', 'how the slot came free')
  if (read) same((await failure(answerOf(subject, run))).code, 'aborted', 'the code')
  if (runner.can.cancel === 'kill') same((await subject.wait(runner.ended)).asked, true, 'asked')
  else await answer(subject, runner, job('Hello', 2))
}

function textOf(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('')
}

function asError(error: unknown): BackendError {
  if (error instanceof BackendError) return error
  throw new Error(`Expected a BackendError, got ${String(error)}`)
}

async function failure(promise: Promise<unknown>): Promise<BackendError> {
  const outcome = await promise.then(() => null, asError)
  if (outcome === null) throw new Error('Expected a failure, got none')
  return outcome
}

async function fails(promise: Promise<unknown>, ...codes: readonly BackendErrorCode[]): Promise<void> {
  const { code } = await failure(promise)
  expect(codes.length === 0 || codes.includes(code), `one of ${codes.join(', ')}, got ${code}`)
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Expected ${what}`)
}

function same<T>(got: T, wanted: T, what: string): void {
  if (got !== wanted) throw new Error(`Expected ${what} to be ${String(wanted)}, got ${String(got)}`)
}
