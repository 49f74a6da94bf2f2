import type { DeviceBytes } from '@berth/budget'
import { BackendError } from '../errors.js'
import type { GenerateJob } from '../job.js'
import { Abort } from '../signal.js'
import type { ContractCase } from './contract-subject.js'
import { answer, answerOf, asError, expect, fails, failure, job, same, withRunner } from './contract-tools.js'

/** Of catalogs, loads and answers. */
export const ANSWER_CASES: readonly ContractCase[] = [
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
      await fails(wait(backend.profile(missing, 'generate')), 'unknown-model', 'bad-model')
      await fails(
        wait(backend.load({ ...good, model: missing }, () => undefined, new Abort())),
        'unknown-model',
        'bad-model',
      )
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
    name: 'tells what it takes on the devices of its placement, where it measures that',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        if (runner.can.memory !== 'measured') return
        const told: (readonly DeviceBytes[])[] = []
        using _ = runner.onMemory((bytes) => void told.push(bytes))
        await answer(subject, runner, job('Hello', 2))
        const devices = new Set(runner.spec.placement.bytes.map(({ device }) => device))
        expect(told.length > 0, 'at least one figure')
        for (const { device, bytes } of told.flat()) {
          expect(devices.has(device), `a device of the placement, got ${device}`)
          expect(Number.isSafeInteger(bytes) && bytes >= 0, `whole bytes from 0, got ${bytes}`)
        }
      }),
  },
  {
    name: 'ends an answer at its limit with the reason length, and at a stop text with stop',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const whole = await answer(subject, runner, job('Hello', 6))
        const cut = await answer(subject, runner, job('Hello', 1))
        const last = cut.pieces.at(-1)
        if (whole.text !== cut.text) same(last?.type === 'finished' && last.reason, 'length', 'the reason')
        expect(whole.text.startsWith(cut.text), 'the shorter answer to begin the longer one')
        const word = whole.text.slice(2, 5)
        if (word === '') return
        const stopped = await answer(subject, runner, { ...job('Hello', 6), stop: [word] })
        same(stopped.text, whole.text.slice(0, whole.text.indexOf(word)), 'the text before the stop text')
        const end = stopped.pieces.at(-1)
        same(end?.type === 'finished' && end.reason, 'stop', 'the reason')
      }),
  },
  {
    name: 'refuses a prompt that outgrows the context, where it is not to be cut',
    run: (subject) =>
      withRunner(subject, 1, async (runner) => {
        const { contextLength } = runner.spec
        // A foreign engine's context need not be known.
        if (contextLength === 0) return
        const long = job('word '.repeat(2 * contextLength), 2)
        const run = runner.start({ ...long, overflow: { prompt: 'fail', answer: 'stop' } })
        same((await failure(answerOf(subject, run))).code, 'context-overflow', 'the code')
        await answer(subject, runner, job('Hello', 2))
      }),
  },
]
