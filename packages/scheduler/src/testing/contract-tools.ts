import type { Run, Runner } from '../backend.js'
import { BackendError, type BackendErrorCode } from '../errors.js'
import type { GenerateJob, Job } from '../job.js'
import type { Piece } from '../piece.js'
import { Abort } from '../signal.js'
import type { ContractSubject } from './contract-subject.js'

export function job(text: string, maxTokens: number): GenerateJob {
  return {
    kind: 'generate',
    prompt: { kind: 'raw', text },
    sampling: { temperature: 0 },
    maxTokens,
    stop: [],
    overflow: { prompt: 'truncate', answer: 'stop' },
  }
}

export async function load(subject: ContractSubject, slots: number, reports: number[] = []): Promise<Runner> {
  const spec = await subject.spec(subject.model, 'generate', slots)
  return subject.wait(subject.backend.load(spec, ({ fraction }) => void reports.push(fraction), new Abort()))
}

export async function withRunner(
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

export function answer(
  subject: ContractSubject,
  runner: Runner,
  of: Job,
): Promise<{ text: string; pieces: Piece[] }> {
  return answerOf(subject, runner.start(of))
}

export async function answerOf(
  subject: ContractSubject,
  run: Run,
): Promise<{ text: string; pieces: Piece[] }> {
  const pieces = await drain(subject, run.pieces[Symbol.asyncIterator]())
  await subject.wait(run.slotFree)
  return { pieces, text: textOf(pieces) }
}

export async function drain(subject: ContractSubject, reading: AsyncIterator<Piece>): Promise<Piece[]> {
  const pieces: Piece[] = []
  for (;;) {
    const next = await subject.wait(reading.next())
    if (next.done === true) return pieces
    pieces.push(next.value)
  }
}

/** The run ends as cancelled, its reader is told so, and the runner goes on (or ends, where that is how it cancels). */
export async function cancelled(
  subject: ContractSubject,
  runner: Runner,
  run: Run,
  read = true,
): Promise<void> {
  const end = await subject.wait(run.slotFree)
  same(end.how, 'cancelled', 'how the slot came free')
  if (read) same((await failure(answerOf(subject, run))).code, 'aborted', 'the code')
  if (runner.can.cancel === 'kill') same((await subject.wait(runner.ended)).asked, true, 'asked')
  else await answer(subject, runner, job('Hello', 2))
}

export function textOf(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('')
}

export function asError(error: unknown): BackendError {
  if (error instanceof BackendError) return error
  throw new Error(`Expected a BackendError, got ${String(error)}`)
}

export async function failure(promise: Promise<unknown>): Promise<BackendError> {
  const outcome = await promise.then(() => null, asError)
  if (outcome === null) throw new Error('Expected a failure, got none')
  return outcome
}

export async function fails(promise: Promise<unknown>, ...codes: readonly BackendErrorCode[]): Promise<void> {
  const { code } = await failure(promise)
  expect(codes.length === 0 || codes.includes(code), `one of ${codes.join(', ')}, got ${code}`)
}

export function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Expected ${what}`)
}

export function same<T>(got: T, wanted: T, what: string): void {
  if (got !== wanted) throw new Error(`Expected ${what} to be ${String(wanted)}, got ${String(got)}`)
}
