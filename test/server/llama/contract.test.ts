import { backendContract, type ContractSubject } from '@berth/scheduler/testing'
import { beforeAll, describe, it } from 'vitest'
import { type LlamaBackend, LlamaRunner } from '../../../apps/server/src/llama/index.js'
import { randomGguf } from '../../models/index.js'
import { backendOver, specFor } from './harness.js'

// A model of random weights: what it says is of no matter here, and it loads in no time.
describe('the llama backend keeps the contract', () => {
  let backend: LlamaBackend
  beforeAll(async () => {
    backend = backendOver({ small: await randomGguf(), vectors: await randomGguf({ pooling: 'mean' }) })
  })

  const parts = {
    slots: 2,
    embedder: 'vectors',
    crash: (runner: unknown) => {
      if (runner instanceof LlamaRunner) process.kill(runner.pid!, 'SIGKILL')
    },
  }

  it.each(backendContract(parts))('$name', async (contractCase) => {
    const subject: ContractSubject = {
      ...parts,
      backend,
      model: 'small',
      missing: 'none:such',
      spec: (model, purpose, slots) => specFor(backend, model, { purpose, slots, contextLength: 1024 }),
      longPrompt: 'one two three four five six seven eight nine ten '.repeat(16),
      wait: (promise) => promise,
    }
    await contractCase.run(subject)
  })
})
