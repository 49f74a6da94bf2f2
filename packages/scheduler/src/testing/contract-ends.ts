import type { RunnerEnd } from '../backend.js'
import { BackendError } from '../errors.js'
import type { ContractCase } from './contract-subject.js'
import {
  answer,
  answerOf,
  asError,
  cancelled,
  drain,
  expect,
  failure,
  job,
  load,
  same,
  textOf,
  withRunner,
} from './contract-tools.js'

/** Of ends other than the answer's own: cancel, park, stop. */
export const END_CASES: readonly ContractCase[] = [
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
    name: 'goes on with a parked job whose KV was given back, if it parks at all',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        if (runner.can.park === 'none') return
        const whole = await answer(subject, runner, job('Hello', 8))
        const run = runner.start(job('Hello', 8))
        const parking = await subject.wait(run.park().then((parked) => parked, asError))
        const head = await drain(subject, run.pieces[Symbol.asyncIterator]())
        if (parking instanceof BackendError) {
          same(parking.code, 'aborted', 'the code')
          return
        }
        await subject.wait(parking.forget())
        const tail = await answerOf(subject, runner.start(job('Hello', 8), parking))
        same(textOf(head) + tail.text, whole.text, 'the text of both parts')
        const late = runner.start(job('Hello', 8))
        const kept = await subject.wait(late.park().then((parked) => parked, asError))
        await drain(subject, late.pieces[Symbol.asyncIterator]())
        if (!(kept instanceof BackendError)) await subject.wait(kept.dispose())
        same(
          (await answer(subject, runner, job('Hello', 8))).text,
          whole.text,
          'the text after a parked job was disposed of',
        )
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
