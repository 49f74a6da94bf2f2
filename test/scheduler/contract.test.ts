import { place } from '@berth/budget'
import {
  backendContract,
  FakeBackend,
  FakeRunner,
  ManualClock,
  type ContractSubject,
} from '@berth/scheduler/testing'
import { describe, it } from 'vitest'
import { gpu, model, ram } from './world.js'

/** The fake must do what real backends must, or tests on it would prove nothing. */
describe('the fake backend keeps the contract', () => {
  for (const rule of backendContract({ slots: 2, embedder: 'a', crash: () => undefined })) {
    it(rule.name, async () => rule.run(subject()))
  }
})

function subject(): ContractSubject {
  const clock = new ManualClock()
  const backend = new FakeBackend(clock, { a: model(1, 0, { tokens: 6 }) })
  return {
    backend,
    model: 'a',
    embedder: 'a',
    missing: 'none',
    slots: 2,
    longPrompt: 'long',
    crash: (runner) => {
      if (runner instanceof FakeRunner) runner.crash('exit code 139')
    },
    spec: async (id, purpose, slots) => {
      const settings = { contextLength: 4096, slots, kvType: 'f16' as const }
      const room = [gpu(8), ram(8)].map((device) => ({ device, free: device.capacity }))
      const verdict = place(await backend.profile(id), settings, room)
      if (!verdict.fits) throw new Error(verdict.reason)
      return {
        model: id,
        revision: '1',
        purpose,
        ...settings,
        adapters: [],
        placement: verdict.placement,
        threads: 1,
      }
    },
    wait: async (promise) => {
      const state = { settled: false }
      const done = () => {
        state.settled = true
      }
      promise.then(done, done)
      do await clock.settle()
      while (!state.settled && (await clock.step()))
      return promise
    },
  }
}
