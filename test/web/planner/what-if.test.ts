import { describe, expect, test } from 'vitest'
import { DEFAULT_COLUMN } from '../../../apps/web/src/planner/state.js'
import type { PolicyColumn } from '../../../apps/web/src/planner/state.js'
import { EXAMPLES } from '../../../apps/web/src/planner/what-if/examples.js'
import { execute } from '../../../apps/web/src/planner/what-if/execute.js'
import { figureRows } from '../../../apps/web/src/planner/what-if/figures.js'
import type { Run } from '../../../apps/web/src/planner/what-if/run.js'
import { schedulerOf } from '../../../apps/web/src/planner/what-if/trace-source.js'
import { clockText, momentAt, momentTitle, timesOf } from '../../../apps/web/src/planner/what-if/steps.js'

async function run(id: string, column: Partial<PolicyColumn> = {}): Promise<Run> {
  const example = EXAMPLES.find((one) => one.id === id)
  if (example === undefined) throw new Error(`there is no example ${id}`)
  const { trace, machine, settings } = example
  return await execute({ trace, machine, ...schedulerOf({ ...DEFAULT_COLUMN, ...column }, settings) })
}

/** What was decided when, in seconds, less requests and what only ends. */
function decided({ moments }: Run): readonly string[] {
  return moments.flatMap(({ at, decisions }) => {
    const telling = decisions.filter(({ action }) => !['asks', 'ready', 'done'].includes(action))
    return telling.length === 0
      ? []
      : [
          `${Math.round(at / 100) / 10} s: ${telling.map(({ action, model }) => `${action} ${model}`).join(', ')}`,
        ]
  })
}

const gpuOf = (of: Run, at: number): number => (momentAt(of, at * 1_000)?.devices[0]?.reserved ?? 0) / 1e9

describe('the example of two models and three users', () => {
  test('in 16 GB: both are loaded, the third request reuses the first, the idle one leaves', async () => {
    const both = await run('two-models')
    expect(decided(both)).toEqual([
      '0 s: load llama3-8b',
      '1 s: infer llama3-8b',
      '3 s: load qwen3-8b',
      '4 s: infer qwen3-8b',
      '6 s: reuse llama3-8b',
      '7 s: infer llama3-8b',
      '9 s: unload qwen3-8b',
    ])
    expect([0, 3, 6, 9].map((at) => Math.round(gpuOf(both, at)))).toEqual([7, 14, 14, 7])
    expect(both.moments.at(-1)?.decisions[0]?.why).toMatch(/keep-alive/)
    expect(both.report.swaps).toMatchObject({ loads: 2, reloads: 0 })
    expect(both.lanes.map(({ model, stretches }) => [model, stretches.map(({ state }) => state)])).toEqual([
      ['llama3-8b', ['loading', 'busy', 'ready', 'busy', 'ready']],
      ['qwen3-8b', ['loading', 'busy', 'ready']],
    ])
  })

  test.each(['two-models-8gb', 'two-models-limit'])(
    '%s: at 3 s the first has to leave, at 6 s it swaps back',
    async (id) => {
      const one = await run(id)
      const times = decided(one)
      expect(times).toHaveLength(6)
      expect(times[2]).toMatch(/^3 s: (?=.*evict llama3-8b)(?=.*load qwen3-8b)/)
      expect(times[4]).toMatch(/^6 s: (?=.*evict qwen3-8b)(?=.*load llama3-8b)/)
      expect(times[5]).toBe('7 s: infer llama3-8b')
      expect(one.report.swaps.reloads).toBe(1)
      for (const { devices } of one.moments) expect(devices[0]?.reserved).toBeLessThan(8e9)
    },
  )
})

function modest({ report }: Run): number {
  return report.byClient.find(({ client }) => client === 'modest')?.firstToken.p50 ?? Number.NaN
}

test('every example shows what it says, in one figure at least', async () => {
  for (const { id, columns } of EXAMPLES) {
    const runs = await Promise.all(columns.map((column) => run(id, column)))
    const rows = figureRows(runs.map(({ report }) => report))
    for (const one of runs) {
      const { moments, cut } = one
      expect(moments.length).toBeGreaterThan(8)
      expect(cut).toBe(false)
      expect(moments.map(({ at }) => at)).toEqual(timesOf([one]))
    }
    if (columns.length > 1) expect([id, rows.some(({ best }) => best.includes(true))]).toEqual([id, true])
  }
  const [fifo, fair] = [await run('greedy', { policy: 'fifo' }), await run('greedy')]
  expect(modest(fair)).toBeLessThan(modest(fifo) / 4)
})

test('people behind a batch: its work gives way, and goes on', async () => {
  const giving = await run('batch')
  const actions = giving.moments.flatMap(({ decisions }) => decisions.map(({ action }) => action))
  expect(actions.filter((action) => action === 'preempt').length).toBeGreaterThan(0)
  expect(actions.filter((action) => action === 'resume')).toHaveLength(
    actions.filter((action) => action === 'preempt').length,
  )
  expect(giving.report.all).toMatchObject({ finished: 13, lost: 0 })
  const keeping = await run('batch', { preempt: false })
  const [sooner, later] = [giving, keeping].map(({ report }) => report.byClass.interactive?.firstToken.p90)
  expect(sooner).toBeLessThan(later ?? 0)
})

test('an oracle loads no more often than any policy', async () => {
  const [lru, cost, oracle] = await Promise.all(
    (['lru', 'cost', 'oracle'] as const).map((eviction) => run('thrash', { eviction })),
  )
  expect(oracle?.report.eviction).toBe('farthest-next-use')
  expect(oracle?.report.swaps.loads).toBeLessThanOrEqual(lru?.report.swaps.loads ?? 0)
  expect(oracle?.report.swaps.loads).toBeLessThanOrEqual(cost?.report.swaps.loads ?? 0)
})

test('the same trace gives the same moments, every time', async () => {
  expect(await run('thrash')).toEqual(await run('thrash'))
})

const line = (text: object): string => JSON.stringify(text)

describe('a trace of one’s own', () => {
  const head = line({ type: 'trace', version: 1 })
  const machine = EXAMPLES[0]!.machine

  test('is read from its text', async () => {
    const model = line({ type: 'model', model: 'm', bytes: 1e9, shape: { layers: 8, kvBytesPerToken: 1000 } })
    const request = line({ type: 'request', at: 5, model: 'm', promptTokens: 10, outputTokens: 5 })
    const { report, moments } = await execute({
      trace: `${head}\n${model}\n${request}\n`,
      machine,
      settings: {},
      oracle: false,
    })
    expect(report.all.finished).toBe(1)
    expect(moments[0]?.at).toBe(5)
  })

  test.each([
    [`${head}\n{"type":"request","at":-1}`, /line 2/i],
    ['not json', /line 1/i],
    [head, /no requests/],
  ])('that is none is refused: %j', async (trace, message) => {
    await expect(execute({ trace, machine, settings: {}, oracle: false })).rejects.toThrow(message)
  })
})

function row(reports: Parameters<typeof figureRows>[0], name: string) {
  return figureRows(reports).find((one) => one.name === name)
}

test('a table marks what is better, and nothing where nobody could tell a difference', async () => {
  const [fifo, fair] = [(await run('greedy', { policy: 'fifo' })).report, (await run('greedy')).report]
  expect(row([fifo, fair], 'First token, modest')?.best).toEqual([false, true])
  expect(row([fair, fair], 'First token, modest')?.best).toEqual([false, false])
  expect(row([fifo, null], 'First token, modest')?.texts[1]).toBeNull()
  expect(row([fifo, fair], 'No policy beats')?.best).toEqual([false, false])
})

test('a run is looked at as it stood at a time, whether or not it decided anything then', async () => {
  const both = await run('two-models')
  expect(momentAt(both, -1)).toBeNull()
  expect(momentAt(both, 3_500)?.at).toBe(3_000)
  expect(momentTitle(momentAt(both, 6_000)!)).toBe('Reuse llama3-8b for C')
  expect(timesOf([both, null])).toEqual(both.moments.map(({ at }) => at))
})

test.each([
  [0, '0.0 s'],
  [1_500, '1.5 s'],
  [1_000.4, '1.0 s'],
  [275.16, '0.28 s'],
  [12_345, '12.3 s'],
  [125_000, '2 min 5.0 s'],
])('%d ms are told as %s', (ms, text) => expect(clockText(ms)).toBe(text))
