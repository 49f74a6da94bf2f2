import {
  machineOf,
  PLANNED_ENGINE,
  planFit,
  profileFromGguf,
  profileFromNumbers,
  profileFromWebLlm,
  emptyRoom,
} from '@berth/budget'
import { describe, expect, test } from 'vitest'
import { engineFacts, MOST_MEMORY, PROGRAM } from '../../../apps/web/src/wllama/engine-facts.js'
import { deviceBar, figure } from '../../../apps/web/src/planner/fits/bars.js'
import { BROWSER_ENGINE, BROWSER_MOST } from '../../../apps/web/src/planner/fits/engines.js'
import { localMachine, serverMachine } from '../../../apps/web/src/planner/fits/machine.js'
import { factsAtHand, factsOfShown } from '../../../apps/web/src/planner/fits/model-facts.js'
import { planModels } from '../../../apps/web/src/planner/fits/plan-models.js'
import { verdictWords } from '../../../apps/web/src/planner/fits/words.js'
import { KNOWN_MODELS } from '../../../apps/web/src/planner/known-models.js'
import { DEFAULT_STATE } from '../../../apps/web/src/planner/state.js'
import { published } from '../../budget/published/published-models.js'
import type { PublishedModel } from '../../budget/published/published-models.js'

const { fits } = DEFAULT_STATE
const MACHINE = localMachine({ kind: 'own', vram: [8], ram: 16 }, null)

function plansOf(wanted: Partial<typeof fits>) {
  if (MACHINE === null) throw new Error('there should be a machine')
  const settings = { ...fits, ...wanted }
  const facts = settings.models.map((ref) => factsAtHand(ref, []))
  return planModels(facts, MACHINE, settings).map((planned) => {
    if (planned?.kind !== 'plan') throw new Error('there should be a plan')
    return planned
  })
}

describe('the models that are well known', () => {
  test.each(KNOWN_MODELS.map(({ id }) => id))('%s takes what its file takes', (id) => {
    const known = KNOWN_MODELS.find((model) => model.id === id)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the fixtures are of the same five
    const exact = profileFromGguf(published(id as PublishedModel), PLANNED_ENGINE)
    const room = emptyRoom(machineOf([80e9], 64e9), 0)
    const settings = { contextLength: 2048, slots: 1, kvType: 'f16' } as const
    const [a, b] = [
      planFit(exact, settings, room),
      planFit(profileFromNumbers(known!.numbers, PLANNED_ENGINE), settings, room),
    ].map(({ devices }) => devices[0])
    expect(b?.weights).toBe(a?.weights)
    expect(b?.kvCache).toBe(a?.kvCache)
    expect(b?.compute).toBe(a?.compute)
  })

  test('come out as the calculator of the article says, on its machine', () => {
    expect(plansOf({}).map(({ plan }) => [plan.kind, verdictWords(plan).tone])).toEqual([
      ['gpu', 'ok'],
      ['gpu', 'ok'],
      ['gpu', 'ok'],
      ['hybrid', 'warn'],
      ['cannot', 'danger'],
    ])
  })
})

describe('models at once', () => {
  const pair = [
    { kind: 'known', id: 'llama-3-8b' },
    { kind: 'known', id: 'qwen3-8b' },
  ] as const

  test('share the machine, each in what those before it leave', () => {
    expect(plansOf({ models: pair }).map(({ plan }) => plan.kind)).toEqual(['gpu', 'gpu'])
    const [first, second] = plansOf({ models: pair, together: true })
    expect([first?.plan.kind, second?.plan.kind]).toEqual(['gpu', 'hybrid'])
    expect(second?.before).toEqual(first?.plan.devices.map(({ bytes }) => bytes))
  })

  test('that do not fit take nothing from the next', () => {
    const models = [{ kind: 'known', id: 'llama-3-70b' }, ...pair] as const
    const [, second] = plansOf({ models, together: true })
    expect(second?.before).toEqual([0, 0])
  })
})

test('a model is reckoned with no more than it was made for, and that is said', () => {
  const [plan] = plansOf({ models: [{ kind: 'known', id: 'llama-3-8b' }], contextLength: 32_768 })
  expect(plan?.plan.settings.contextLength).toBe(8192)
  expect(plan?.notes).toEqual(['It was made for 8192 tokens: reckoned with these.'])
  const profile = profileFromWebLlm({ model: 'one', vramMB: 900, contextLength: 4096 })
  const [one] = planModels([{ name: 'one', detail: '', profile: () => profile }], MACHINE!, {
    ...fits,
    slots: 4,
  })
  expect(one).toMatchObject({ plan: { kind: 'gpu', settings: { slots: 1 } } })
})

test('figures that cannot be a model’s are told, and the others are planned', () => {
  const numbers = { layers: 0, kvHeads: 8, headSize: 128, hidden: 4096, vocabulary: 1000, weights: 5e9 }
  const facts = factsAtHand({ kind: 'numbers', name: 'mine', numbers }, [])
  expect(planModels([facts], MACHINE!, fits)).toEqual([
    { kind: 'broken', why: 'Expected layers to be a whole number from 1 to 4096, got 0' },
  ])
})

function plannedOn(id: string, vram: number) {
  const machine = localMachine({ kind: 'own', vram: [vram], ram: 16 }, null)
  return planModels([factsAtHand({ kind: 'known', id }, [])], machine!, fits)[0]
}

describe('a bar', () => {
  test('is as long as there is room, and each part as long as its share', () => {
    const planned = plannedOn('qwen3-8b', 8)
    if (planned?.kind !== 'plan') throw new Error('no plan')
    const [use] = planned.plan.devices
    const bar = deviceBar(use!, 1e9)
    expect(bar.segments.map(({ part }) => part)).toEqual([
      'others',
      'weights',
      'kvCache',
      'compute',
      'overhead',
    ])
    const sum = bar.segments.reduce((total, { share }) => total + share, 0)
    expect(sum).toBeCloseTo((use!.bytes + 1e9) / (use!.free + 1e9), 9)
    expect(bar).toMatchObject({ limit: 1, over: false, text: `${figure(use!.bytes)} of 7.6 GB` })
  })

  test('is longer than its device where that is too small, with a mark where it ends', () => {
    const planned = plannedOn('llama-3-70b', 8)
    if (planned?.kind !== 'plan') throw new Error('no plan')
    const ram = deviceBar(planned.plan.devices[1]!, 0)
    expect(ram.over).toBe(true)
    expect(ram.limit).toBeGreaterThan(0.3)
    expect(ram.limit).toBeLessThan(0.6)
    expect(ram.segments.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1, 9)
  })
})

test('a browser runs GGUF models as the page’s own engine says of itself', () => {
  const metadata = published('qwen3-4b')
  expect(BROWSER_ENGINE).toEqual(engineFacts(metadata, 'generate', 2.5e9))
  expect(BROWSER_MOST).toBe(MOST_MEMORY + PROGRAM)
})

test('a server’s machine is what it has for models, with nothing of its own loaded', () => {
  const device = { id: 'ram', kind: 'ram', name: 'RAM', capacity: 16e9 } as const
  const usage = {
    device,
    capacity: 16e9,
    usable: 15e9,
    reserved: 4e9,
    pending: 0,
    foreign: 2e9,
    free: 9e9,
    overdrawn: 0,
  }
  expect(serverMachine('x', [usage]).room).toEqual([{ device, free: 13e9 }])
})

test('what a server shows of a model is enough to plan by, though it keeps the vocabulary to itself', () => {
  const metadata = published('qwen3-8b')
  const shown = {
    details: {
      parent_model: '',
      format: 'gguf',
      family: 'qwen3',
      families: null,
      parameter_size: '8B',
      quantization_level: 'Q4_K_M',
    },
    model_info: { ...metadata.values, 'tokenizer.ggml.tokens': null },
    tensors: metadata.tensors.map(({ name, type, shape }) => ({ name, type, shape: [...shape] })),
    capabilities: [],
    modelfile: '',
    modified_at: '',
  }
  const facts = factsOfShown('qwen3', 'this server', shown)
  expect(facts.detail).toBe('8B, Q4_K_M, this server')
  expect(facts.profile(PLANNED_ENGINE)).toEqual(profileFromGguf(metadata, PLANNED_ENGINE))
  expect(() => factsOfShown('x', 'y', { ...shown, tensors: [] })).toThrow(/does not show the tensors/)
})
