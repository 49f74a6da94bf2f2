import { BackendError, type Clock, type SignalLike } from '@berth/scheduler'

/** Resolves after so many milliseconds of the clock; rejects with `aborted` where the signal comes first. */
export function pause(clock: Clock, ms: number, signal: SignalLike): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', leave)
      reject(new BackendError('aborted', 'the job was cancelled'))
    }
    const timer = clock.at(clock.now() + ms, () => {
      signal.removeEventListener('abort', leave)
      resolve()
    })
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave)
  })
}
