import type { PropertySettings } from './runs.js'

const SEED = 20_261_123

/**
 * BERTH_SEED: `random` to hunt, or the number that a failure named. BERTH_RUNS: how many cases a property.
 * @throws for a value that is neither
 */
export function propertySettings(env: Readonly<Record<string, string | undefined>>): PropertySettings {
  const { BERTH_SEED: seed = '', BERTH_RUNS: runs = '' } = env
  if (!/^(random|-?\d+)?$/.test(seed)) {
    throw new Error(`BERTH_SEED is ${JSON.stringify(seed)}; it can be "random" or a whole number`)
  }
  if (!/^([1-9]\d*)?$/.test(runs)) {
    throw new Error(`BERTH_RUNS is ${JSON.stringify(runs)}; it can be a whole number above 0`)
  }
  return {
    seed: seed === 'random' ? null : seed === '' ? SEED : Number(seed),
    runs: runs === '' ? null : Number(runs),
    share: 1,
  }
}
