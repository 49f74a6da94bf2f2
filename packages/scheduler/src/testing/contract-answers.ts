import { BackendError } from '../errors.js'
import type { GenerateJob } from '../job.js'
import { Abort } from '../signal.js'
import type { ContractCase } from './contract-subject.js'
import { answer, answerOf, asError, expect, fails, job, same, withRunner } from './contract-tools.js'

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
]
