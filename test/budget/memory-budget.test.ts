import { MemoryBudget } from '@berth/budget'
import type { DeviceBytes, Reservation, Shortage } from '@berth/budget'
import { describe, expect, test } from 'vitest'
import { device } from './machines.js'

const GPU = device('gpu0', 'gpu', 100)
const RAM = device('ram', 'ram', 1000)

function on(gpu0: number, host = 0): DeviceBytes[] {
  return [
    { device: 'gpu0', bytes: gpu0 },
    { device: 'ram', bytes: host },
  ]
}

function held(claimed: Reservation | Shortage): Reservation {
  if (claimed.kind === 'shortage') throw new Error(claimed.reason)
  return claimed
}

function freeOn(budget: MemoryBudget, id = 'gpu0'): number {
  return budget.room().find((room) => room.device.id === id)?.free ?? NaN
}

describe('a claim', () => {
  test('that fits is granted, and its memory is taken until it is released', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const a = held(budget.claim(on(60, 100), 'a'))
    expect(a).toMatchObject({ label: 'a', granted: true, released: false, bytes: on(60, 100) })
    expect([freeOn(budget), freeOn(budget, 'ram')]).toEqual([40, 900])
    a.release()
    expect([freeOn(budget), freeOn(budget, 'ram')]).toEqual([100, 1000])
  })

  test('that does not fit on one of its devices holds nothing on any, and says what is missing where', () => {
    const budget = new MemoryBudget([GPU, RAM])
    held(budget.claim(on(60), 'a'))
    const claimed = budget.claim(on(50, 10), 'b')
    expect(claimed).toEqual({
      kind: 'shortage',
      devices: [{ device: 'gpu0', wanted: 50, free: 40, missing: 10 }],
      reason: 'GPU0 has 40 B free of 50 B needed',
    })
    expect(freeOn(budget, 'ram')).toBe(1000)
  })

  test('of nothing is always granted, even on an overdrawn device', () => {
    const budget = new MemoryBudget([GPU])
    const a = held(budget.claim([{ device: 'gpu0', bytes: 100 }], 'a'))
    a.correct([{ device: 'gpu0', bytes: 150 }])
    expect(held(budget.claim([], 'foreign')).granted).toBe(true)
    expect(held(budget.claim([{ device: 'gpu0', bytes: 0 }], 'empty', [a])).granted).toBe(true)
  })

  test('may be released twice, and by `using`', () => {
    const budget = new MemoryBudget([GPU])
    const a = held(budget.claim(on(60).slice(0, 1), 'a'))
    a.release()
    held(budget.claim(on(100).slice(0, 1), 'b'))
    a.release()
    expect(freeOn(budget)).toBe(0)
    const other = new MemoryBudget([GPU])
    {
      using b = held(other.claim(on(60).slice(0, 1), 'b'))
      expect([b.granted, freeOn(other)]).toEqual([true, 40])
    }
    expect(freeOn(other)).toBe(100)
  })

  test.each([
    [[{ device: 'gpu7', bytes: 1 }], /no device gpu7: one of gpu0, ram is/],
    [[{ device: 'gpu0', bytes: -1 }], /bytes on gpu0 to be a whole number from 0, got -1/],
    [[{ device: 'gpu0', bytes: 0.5 }], /got 0.5/],
    [[{ device: 'gpu0', bytes: NaN }], /got NaN/],
  ])('that makes no sense is refused: %j', (bytes, message) => {
    expect(() => new MemoryBudget([GPU, RAM]).claim(bytes, 'x')).toThrow(message)
  })
})

describe('a safety margin', () => {
  test('is the larger of an amount and a fraction, taken from capacity once', () => {
    const budget = new MemoryBudget([GPU, RAM], { margin: { bytes: 30, fraction: 0.1 } })
    expect(budget.usage().map(({ capacity, usable }) => [capacity, usable])).toEqual([
      [100, 70],
      [1000, 900],
    ])
  })

  test('can be another for a device', () => {
    const budget = new MemoryBudget([GPU, RAM], { margin: { bytes: 30 }, margins: { ram: {} } })
    expect(budget.room().map(({ free }) => free)).toEqual([70, 1000])
  })

  test('must be one', () => {
    expect(() => new MemoryBudget([GPU], { margin: { fraction: 1.5 } })).toThrow(/from 0 to 1, got 1.5/)
  })
})

describe('a correction to the measured figure', () => {
  test('gives back what was too much', () => {
    const budget = new MemoryBudget([GPU, RAM])
    held(budget.claim(on(60, 100), 'a')).correct(on(40, 120))
    expect([freeOn(budget), freeOn(budget, 'ram')]).toEqual([60, 880])
  })

  test('may overdraw a device: nothing is granted there until it isn’t', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const a = held(budget.claim(on(60), 'a'))
    const b = held(budget.claim(on(30), 'b'))
    a.correct(on(90))
    expect(budget.usage()[0]).toMatchObject({ reserved: 120, free: 0, overdrawn: 20 })
    expect(budget.claim(on(1), 'c').kind).toBe('shortage')
    expect(budget.claim(on(0, 500), 'elsewhere').kind).toBe('reservation')
    b.release()
    expect(held(budget.claim(on(10), 'c')).granted).toBe(true)
  })

  test('of a released reservation changes nothing', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const a = held(budget.claim(on(60), 'a'))
    a.release()
    a.correct(on(90))
    expect(freeOn(budget)).toBe(100)
  })
})

describe('what others use', () => {
  test('counts as taken, may overdraw, and can go away again', () => {
    const budget = new MemoryBudget([GPU, RAM])
    held(budget.claim(on(60), 'a'))
    budget.setForeign('gpu0', 50)
    expect(budget.usage()[0]).toMatchObject({ foreign: 50, free: 0, overdrawn: 10 })
    budget.setForeign('gpu0', 10)
    expect(budget.usage()[0]).toMatchObject({ foreign: 10, free: 30, overdrawn: 0 })
  })

  test('is not there to be had by evicting: the empty room is without it', () => {
    const budget = new MemoryBudget([GPU, RAM])
    held(budget.claim(on(60), 'a'))
    budget.setForeign('gpu0', 30)
    expect(budget.emptyRoom().map(({ free }) => free)).toEqual([100, 1000])
  })
})

describe('a claim after reservations that are leaving', () => {
  test('waits until they have left, and nobody gets their memory before', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const old = held(budget.claim(on(80), 'old'))
    const next = held(budget.claim(on(90), 'next', [old]))
    expect(next.granted).toBe(false)
    expect(next.grant()).toBe(false)
    // 100 − 80 is free now, but 10 of it are spoken for.
    expect(freeOn(budget)).toBe(10)
    old.release()
    expect(budget.claim(on(11), 'thief').kind).toBe('shortage')
    expect(next.grant()).toBe(true)
    expect(budget.usage()[0]).toMatchObject({ reserved: 90, pending: 0 })
  })

  test('has room by `room({ without })`, and what fits in there is claimed', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const old = held(budget.claim(on(80, 10), 'old'))
    expect(budget.room({ without: [old] }).map(({ free }) => free)).toEqual([100, 1000])
    expect(budget.claim(on(100, 1000), 'next', [old]).kind).toBe('reservation')
    expect(budget.room({ without: [old] }).map(({ free }) => free)).toEqual([0, 0])
  })

  test('that gives up leaves everything as it was', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const old = held(budget.claim(on(80), 'old'))
    held(budget.claim(on(90), 'next', [old])).release()
    expect(freeOn(budget)).toBe(20)
    expect(budget.room({ without: [old] })[0]?.free).toBe(100)
  })

  test('leaves what is over to others that come after the same', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const old = held(budget.claim(on(100), 'old'))
    const first = held(budget.claim(on(60), 'first', [old]))
    const second = held(budget.claim(on(40), 'second', [old]))
    expect(budget.claim(on(1), 'third', [old]).kind).toBe('shortage')
    first.release()
    expect(held(budget.claim(on(60), 'third', [old])).granted).toBe(false)
    old.release()
    expect(second.grant()).toBe(true)
  })

  test('does not count on what leaves for another, who may give up', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const large = held(budget.claim(on(80), 'large'))
    const small = held(budget.claim(on(20), 'small'))
    const first = held(budget.claim(on(10), 'first', [large]))
    // Were it granted 90, and then `first` gave up so that `large` stayed, it could never be.
    expect(budget.claim(on(90), 'second', [small]).kind).toBe('shortage')
    expect(held(budget.claim(on(90), 'second', [small, large])).granted).toBe(false)
    expect(first.granted).toBe(false)
  })

  test('waits for an overdrawn device too', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const old = held(budget.claim(on(50), 'old'))
    const other = held(budget.claim(on(40), 'other'))
    const next = held(budget.claim(on(60), 'next', [old]))
    other.correct(on(70))
    old.release()
    expect(next.grant()).toBe(false)
    other.correct(on(40))
    expect(next.grant()).toBe(true)
  })

  test('may be refused what would fit only after more than it names has left', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const a = held(budget.claim(on(50), 'a'))
    held(budget.claim(on(50), 'b'))
    expect(budget.claim(on(60), 'c', [a])).toMatchObject({
      kind: 'shortage',
      devices: [{ device: 'gpu0', wanted: 60, free: 50, missing: 10 }],
    })
  })

  test('after one that was released already is an ordinary claim', () => {
    const budget = new MemoryBudget([GPU, RAM])
    const old = held(budget.claim(on(80), 'old'))
    old.release()
    expect(held(budget.claim(on(90), 'next', [old])).granted).toBe(true)
  })

  test('after another budget’s reservation is a mistake', () => {
    const foreign = held(new MemoryBudget([GPU]).claim([{ device: 'gpu0', bytes: 1 }], 'x'))
    expect(() => new MemoryBudget([GPU]).claim([{ device: 'gpu0', bytes: 1 }], 'y', [foreign])).toThrow(
      /another budget’s|another budget's/,
    )
  })
})

test('usage is plain data', () => {
  const budget = new MemoryBudget([GPU, RAM], { margin: { bytes: 5 } })
  held(budget.claim(on(20, 1), 'a'))
  expect(structuredClone(budget.usage())).toEqual([
    { device: GPU, capacity: 100, usable: 95, reserved: 20, pending: 0, foreign: 0, free: 75, overdrawn: 0 },
    {
      device: RAM,
      capacity: 1000,
      usable: 995,
      reserved: 1,
      pending: 0,
      foreign: 0,
      free: 994,
      overdrawn: 0,
    },
  ])
})

test('a device may turn out to have another capacity, also while models are on it', () => {
  const budget = new MemoryBudget([GPU, RAM], { margin: { fraction: 0.1 } })
  const a = held(budget.claim(on(80), 'a'))
  budget.setCapacity('gpu0', 60)
  expect(budget.devices[0]).toEqual({ ...GPU, capacity: 60 })
  expect(budget.usage()[0]).toMatchObject({ capacity: 60, usable: 54, free: 0, overdrawn: 26 })
  expect(budget.claim(on(1), 'b').kind).toBe('shortage')
  a.release()
  expect(freeOn(budget)).toBe(54)
  budget.setCapacity('gpu0', 200)
  expect(budget.emptyRoom()[0]?.free).toBe(180)
  expect(() => budget.setCapacity('gpu0', -1)).toThrow(RangeError)
  expect(() => budget.setCapacity('moon', 1)).toThrow(/no device moon/)
  expect(budget.emptyRoom()[0]?.free).toBe(180)
})
