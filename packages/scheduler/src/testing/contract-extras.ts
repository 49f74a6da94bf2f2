import { Abort } from '../signal.js'
import type { ContractCase } from './contract-subject.js'
import { answer, answerOf, expect, failure, job, load, same, withRunner } from './contract-tools.js'

/** For engines with two slots or more. */
export const SLOT_CASES: readonly ContractCase[] = [
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

/** For engines that embed. */
export const EMBED_CASES: readonly ContractCase[] = [
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

/** For engines that can be made to crash. */
export const CRASH_CASES: readonly ContractCase[] = [
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
