import { usesCores, type RunnerView } from './runner-entry.js'

/**
 * Divides the cores over the runners that need them: the busy ones share them all, the earlier ones get
 * what does not divide; loading ones get one each of what that leaves, and one where nothing is left, since
 * a load mostly reads. One that computes on a GPU is told one. An idle one is told nothing: it gets its share
 * with its next job, and where that is what it had there is nothing to tell.
 * The shares of the busy ones never add up to more than the cores, since no more runners are busy at a time.
 */
export function shareCores<R extends RunnerView>(runners: Iterable<R>, cores: number): Map<R, number> {
  const shares = new Map<R, number>()
  const busy: R[] = []
  let loading = 0
  for (const runner of runners) {
    if (!usesCores(runner)) shares.set(runner, 1)
    else if (runner.state === 'busy') busy.push(runner)
    else if (runner.state === 'loading') {
      shares.set(runner, 1)
      loading += 1
    }
  }
  const forBusy = Math.max(busy.length, cores - loading)
  busy.forEach((runner, i) => {
    const share = Math.floor(forBusy / busy.length) + (i < forBusy % busy.length ? 1 : 0)
    shares.set(runner, Math.max(1, share))
  })
  return shares
}
