import type { Run, RunAnswer, RunOrder } from './run.js'

/**
 * Runs a simulation beside the page. Aborting ends it at once, whatever it is at.
 * @throws Error with what is wrong with the trace, or the signal's reason.
 */
export async function runInWorker(order: RunOrder, signal: AbortSignal): Promise<Run> {
  signal.throwIfAborted()
  const worker = new Worker(new URL('simulate-worker.ts', import.meta.url), { type: 'module' })
  try {
    return await new Promise<Run>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(toError(signal.reason)), { once: true })
      worker.addEventListener('message', ({ data }: MessageEvent<RunAnswer>) => {
        if (data.kind === 'done') resolve(data.run)
        else reject(new Error(data.why))
      })
      worker.addEventListener('error', ({ message }) =>
        reject(new Error(message || 'The simulator could not be started')),
      )
      worker.postMessage(order)
    })
  } finally {
    worker.terminate()
  }
}

const toError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)))
