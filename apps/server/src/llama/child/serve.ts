import { errorData } from '@berth/scheduler'
import { asToChild } from '../check-messages.js'
import { type FromChild, PROTOCOL_VERSION } from '../protocol.js'
import { type EngineLog, loadModel, memoryOf, openEngine } from './load-model.js'
import { Outbox } from './outbox.js'
import { ParkingPlace } from './parking-place.js'
import { probe } from './probe.js'
import { Runs } from './runs.js'
import { ThreadShare } from './thread-share.js'

/** What an end of the log is worth keeping for the words of an error. */
const LINES_KEPT = 20

/**
 * Ctrl-C on a terminal reaches the whole group, and what stops a service sends SIGTERM to each of its
 * processes. When to leave is the parent's to say: it may have jobs to finish first.
 */
const stay = (): void => {}

/**
 * A child's life: it says hello, does what its parent asks, and ends when it is told to or when the parent
 * is gone, whatever the reason. It never outlives the channel to its parent.
 */
export function serve(process: NodeJS.Process): void {
  let runs: Runs | null = null
  let threads: ThreadShare | null = null
  const said: string[] = []

  const send = (message: FromChild): void => {
    // The callback takes the error of a channel that has just closed; 'disconnect' says the rest.
    if (process.connected) process.send?.(message, undefined, {}, () => {})
  }
  const log: EngineLog = (level, text) => {
    said.push(text)
    if (said.length > LINES_KEPT) said.shift()
    send({ type: 'log', level, text })
  }
  /** At once, even in the middle of a decode: an orderly exit would wait for the engine's thread. */
  const end = (): void => {
    runs?.clear()
    process.kill(process.pid, 'SIGKILL')
  }
  const fail = (error: unknown): void => send({ type: 'failed', error: errorData(error) })

  const take = async (raw: unknown): Promise<void> => {
    const message = asToChild(raw)
    switch (message.type) {
      case 'probe': {
        const engine = await openEngine(message.gpu, 1, log)
        send({ type: 'probed', result: await probe(engine) })
        break
      }
      case 'load': {
        const { order } = message
        const started = await openEngine(message.gpu, order.maxThreads, log)
        const share = new ThreadShare(order.maxThreads, (count) => {
          started.maxThreads = count
        })
        threads = share
        const report = (fraction: number, stage: 'starting' | 'reading' | 'checking'): void =>
          send({ type: 'loading', fraction, stage })
        report(0.05, 'starting')
        said.length = 0
        const loaded = await loadModel(started, order, share, report, () => said)
        runs = new Runs(
          loaded,
          new Outbox(send),
          share,
          new ParkingPlace(order.parkingFolder),
          order.embedLimit,
        )
        send({ type: 'loaded', memory: await memoryOf(started) })
        break
      }
      case 'start':
        await runs?.start(message.run, message.job, message.from)
        break
      case 'cancel':
        runs?.interrupt(message.run, 'cancel')
        break
      case 'park':
        runs?.interrupt(message.run, 'park')
        break
      case 'forget':
        runs?.forget(message.parked)
        break
      case 'discard':
        runs?.discard(message.parked)
        break
      case 'count':
        send({ type: 'counted', call: message.call, tokens: runs?.countTokens(message.text) ?? 0 })
        break
      case 'threads':
        if (threads !== null) threads.share = message.count
        break
      case 'leave':
        // From now on it may also be killed, were its files to hold it up.
        process.off('SIGTERM', stay)
        end()
        break
    }
  }

  process.on('disconnect', end)
  process.on('SIGINT', stay)
  process.on('SIGTERM', stay)
  process.on('message', (raw: unknown) => {
    take(raw).catch(fail)
  })
  send({ type: 'hello', version: PROTOCOL_VERSION })
}
