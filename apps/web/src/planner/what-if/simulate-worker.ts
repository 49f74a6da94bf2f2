import { execute } from './execute.js'
import type { RunAnswer, RunOrder } from './run.js'

/** One run, then it is ended by whoever started it. */
addEventListener('message', ({ data }: MessageEvent<RunOrder>) => {
  execute(data).then(
    (run) => answer({ kind: 'done', run }),
    (error: unknown) =>
      answer({ kind: 'failed', why: error instanceof Error ? error.message : String(error) }),
  )
})

function answer(what: RunAnswer): void {
  postMessage(what)
}
