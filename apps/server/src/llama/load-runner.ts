import { rm } from 'node:fs/promises'
import {
  BackendError,
  type Clock,
  errorFrom,
  type LoadProgress,
  type LoadSpec,
  type Runner,
  type SignalLike,
} from '@berth/scheduler'
import type { Bytes } from '@berth/budget'
import { Child, type ChildExit, describeExit } from './child-process.js'
import { LlamaRunner } from './llama-runner.js'
import { memoryByDevice } from './memory-report.js'
import { otherVersion } from './probe-child.js'
import {
  type EngineMemory,
  type FromChild,
  type GpuChoice,
  type LoadOrder,
  PROTOCOL_VERSION,
} from './protocol.js'
import type { StopTimes } from './stop-ladder.js'

export interface StartOptions {
  readonly spec: LoadSpec
  readonly order: LoadOrder
  readonly gpu: GpuChoice
  readonly env: Readonly<Record<string, string>>
  readonly overhead: { readonly host: Bytes; readonly gpu: Bytes }
  readonly report: (progress: LoadProgress) => void
  readonly signal: SignalLike
  readonly clock: Clock
  readonly stop: StopTimes
  readonly log: (level: 'debug' | 'warn' | 'error', text: string) => void
}

/** Signals of a process that did something it must not: with a model's file in its hands, the file's fault. */
const CRASHES: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP'])

/**
 * Starts a child and has it load. Resolves when the model has answered; rejects only when the child is gone.
 * @throws BackendError
 */
export async function startRunner(options: StartOptions): Promise<Runner> {
  let settle!: (end: EngineMemory | BackendError) => void
  const settled = new Promise<EngineMemory | BackendError>((resolve) => (settle = resolve))
  let runner: LlamaRunner | null = null
  let fraction = 0

  const take = (message: FromChild): void => {
    if (message.type === 'log') options.log(message.level, message.text)
    else if (runner !== null) runner.take(message)
    else if (message.type === 'hello') {
      if (message.version === PROTOCOL_VERSION)
        child.send({ type: 'load', gpu: options.gpu, order: options.order })
      else settle(otherVersion(message.version))
    } else if (message.type === 'loading') {
      fraction = Math.max(fraction, message.fraction)
      options.report({ fraction, stage: message.stage })
    } else if (message.type === 'loaded') settle(message.memory)
    else if (message.type === 'failed') settle(errorFrom(message.error))
  }
  const child = new Child({
    env: options.env,
    onMessage: take,
    onNonsense: (error) => {
      options.log('error', error.message)
      if (runner === null) settle(new BackendError('engine', error.message))
      else child.kill('SIGKILL')
    },
  })
  options.report({ fraction: 0, stage: 'starting' })
  const { parkingFolder } = options.order
  void child.exited.then(() => rm(parkingFolder, { recursive: true, force: true }).catch(() => {}))
  void child.exited.then((exit) => settle(diedLoading(exit, options.order.path)))
  const abort = (): void => settle(new BackendError('aborted', 'The load was cancelled'))
  options.signal.addEventListener('abort', abort)
  if (options.signal.aborted) abort()

  const end = await settled
  options.signal.removeEventListener('abort', abort)
  if (end instanceof BackendError) {
    child.kill('SIGKILL')
    await child.exited
    throw end
  }
  const memory = memoryByDevice(end, options.spec.placement, options.overhead)
  runner = new LlamaRunner(options.spec, child, memory, options.clock, options.stop)
  return runner
}

function diedLoading(exit: ChildExit, path: string): BackendError {
  const how = describeExit(exit)
  if (exit.signal !== null && CRASHES.has(exit.signal)) {
    return new BackendError(
      'bad-model',
      `${path} cannot be loaded: the engine crashed over it, its process ${how}`,
    )
  }
  if (exit.signal === 'SIGKILL') {
    return new BackendError(
      'lost',
      `The process that loaded ${path} ${how}; a kernel that runs out of memory does that`,
    )
  }
  return new BackendError('engine', `The process that loaded ${path} ${how}`)
}
