import { describe, expect, it } from 'vitest'
import { readTestArguments } from '../../scripts/tools/test-arguments.mjs'
import { propertySettings } from '../property-settings.js'

describe('what npm test is given', () => {
  it.each([
    [[], [], false],
    [['test/web'], ['test/web'], false],
    [['test/web/host/tabs.e2e.ts'], ['test/web/host/tabs\\.e2e\\.ts'], false],
    [['-t', 'keep-alive'], ['-g', 'keep-alive'], true],
    [['--testNamePattern=keep=alive', 'test/web'], ['-g', 'keep=alive', 'test/web'], true],
    [['--project=core'], [], false],
  ])('%j goes to both runners as each takes it', (args, playwright, byName) => {
    expect(readTestArguments(args)).toEqual({ vitest: args, playwright, byName })
  })
})

describe('how properties are tried', () => {
  it('is the same every time, unless somebody hunts', () => {
    expect(propertySettings({})).toEqual({ seed: expect.any(Number), runs: null, share: 1 })
    expect(propertySettings({ BERTH_SEED: 'random', BERTH_RUNS: '50000' })).toMatchObject({
      seed: null,
      runs: 50_000,
    })
    expect(propertySettings({ BERTH_SEED: '-7' })).toMatchObject({ seed: -7 })
  })

  it.each([
    [{ BERTH_SEED: 'today' }, 'BERTH_SEED is "today"; it can be "random" or a whole number'],
    [{ BERTH_RUNS: '0' }, 'BERTH_RUNS is "0"; it can be a whole number above 0'],
  ])('refuses %j', (env, message) => {
    expect(() => propertySettings(env)).toThrow(message)
  })
})
