import { BackendError, errorFrom } from '@berth/scheduler'
import { Child, describeExit } from './child-process.js'
import { type GpuChoice, PROTOCOL_VERSION, type ProbeResult } from './protocol.js'

/**
 * Has a short-lived child look at the machine through the engine: the server itself never loads it, so that
 * a driver that crashes takes nothing with it.
 * @param env restricts what the engine sees, such as CUDA_VISIBLE_DEVICES.
 * @throws BackendError `engine` when the engine cannot be loaded.
 */
export async function probeEngine(
  gpu: GpuChoice,
  env: Readonly<Record<string, string>> = {},
): Promise<ProbeResult> {
  let settle!: (result: ProbeResult | BackendError) => void
  const answer = new Promise<ProbeResult | BackendError>((resolve) => (settle = resolve))
  const child = new Child({
    env,
    onNonsense: (error) => settle(new BackendError('engine', error.message)),
    onMessage: (message) => {
      if (message.type === 'hello') {
        if (message.version === PROTOCOL_VERSION) child.send({ type: 'probe', gpu })
        else settle(otherVersion(message.version))
      } else if (message.type === 'probed') settle(message.result)
      else if (message.type === 'failed') settle(errorFrom(message.error))
    },
  })
  void child.exited.then((exit) =>
    settle(new BackendError('engine', `The engine's process ${describeExit(exit)}`)),
  )
  const result = await answer
  child.kill('SIGKILL')
  await child.exited
  if (result instanceof BackendError) throw result
  return result
}

export function otherVersion(version: number): BackendError {
  return new BackendError(
    'engine',
    `The engine's process speaks protocol ${version}, this server ${PROTOCOL_VERSION}: build again`,
  )
}
