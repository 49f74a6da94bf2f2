import { describe, expect, it } from 'vitest'
import { ClientAccounts } from '../../packages/scheduler/src/client-limits.js'
import { Spending } from '../../packages/scheduler/src/spending.js'

const NONE = { concurrent: 0, requestsPerMinute: 0, tokensPerMinute: 0 }

describe('how many at a time', () => {
  it('counts what is open, and says that time alone does not help', () => {
    const accounts = new ClientAccounts()
    const limits = { ...NONE, concurrent: 2 }
    accounts.opened('ada', limits, 0)
    expect(accounts.excess('ada', limits, 0)).toBeNull()
    accounts.opened('ada', limits, 0)
    expect(accounts.excess('ada', limits, 1e9)).toEqual({
      limit: 'concurrent',
      most: 2,
      has: 2,
      retryAfterMs: null,
    })
    expect(accounts.excess('ben', limits, 0)).toBeNull()
    accounts.closed('ada', 1)
    expect(accounts.excess('ada', limits, 1)).toBeNull()
  })
})

describe('requests a minute', () => {
  const limits = { ...NONE, requestsPerMinute: 60 }

  it('may come all at once, and then as fast as the rate; the wait that is told is true to the millisecond', () => {
    const accounts = new ClientAccounts()
    for (let i = 0; i < 60; i += 1) {
      expect(accounts.excess('ada', limits, 500)).toBeNull()
      accounts.opened('ada', limits, 500)
    }
    const excess = accounts.excess('ada', limits, 500)
    expect(excess).toEqual({ limit: 'requestsPerMinute', most: 60, has: 60, retryAfterMs: 1_000 })
    expect(accounts.excess('ada', limits, 1_499)?.retryAfterMs).toBe(1)
    expect(accounts.excess('ada', limits, 1_500)).toBeNull()
    accounts.opened('ada', limits, 1_500)
    expect(accounts.excess('ada', limits, 1_500)?.retryAfterMs).toBe(1_000)
  })

  it('holds for rates below one a second', () => {
    const accounts = new ClientAccounts()
    const one = { ...NONE, requestsPerMinute: 1 }
    accounts.opened('ada', one, 0)
    expect(accounts.excess('ada', one, 0)?.retryAfterMs).toBe(60_000)
    expect(accounts.excess('ada', one, 59_999)?.retryAfterMs).toBe(1)
    expect(accounts.excess('ada', one, 60_000)).toBeNull()
  })
})

describe('tokens a minute', () => {
  const limits = { ...NONE, tokensPerMinute: 600 }

  it('are charged when they are computed, and may overflow: nothing more comes in until that has passed', () => {
    const accounts = new ClientAccounts()
    accounts.opened('ada', limits, 0)
    accounts.charge('ada', limits, 1_200, 0)
    const excess = accounts.excess('ada', limits, 0)
    expect(excess).toMatchObject({ limit: 'tokensPerMinute', most: 600, has: 1_200 })
    // 601 have to leak, at ten a second.
    expect(excess?.retryAfterMs).toBe(60_100)
    expect(accounts.excess('ada', limits, 60_099)).not.toBeNull()
    expect(accounts.excess('ada', limits, 60_100)).toBeNull()
  })

  it('come back where too many were charged', () => {
    const accounts = new ClientAccounts()
    accounts.opened('ada', limits, 0)
    accounts.charge('ada', limits, 700, 0)
    accounts.charge('ada', limits, -400, 0)
    expect(accounts.excess('ada', limits, 0)).toBeNull()
  })
})

describe('a client that is gone', () => {
  it('is forgotten at once where it has no rates, else when its buckets are empty', () => {
    const accounts = new ClientAccounts()
    accounts.opened('ada', NONE, 0)
    accounts.closed('ada', 0)
    expect(accounts.size).toBe(0)
    const limits = { ...NONE, requestsPerMinute: 60 }
    // One client a second for an hour, each with one request of a minute's sixty.
    for (let second = 0; second < 3_600; second += 1) {
      accounts.opened(`client ${second}`, limits, second * 1_000)
      accounts.closed(`client ${second}`, second * 1_000)
    }
    expect(accounts.size).toBeLessThan(130)
  })

  it('is remembered as long as it has used something, so that leaving does not help', () => {
    const accounts = new ClientAccounts()
    const limits = { ...NONE, requestsPerMinute: 1 }
    accounts.opened('ada', limits, 0)
    accounts.closed('ada', 10)
    for (let i = 0; i < 1_000; i += 1) accounts.opened(`client ${i}`, NONE, 20)
    expect(accounts.excess('ada', limits, 30)?.retryAfterMs).toBe(59_970)
  })
})

describe('what a request has cost', () => {
  const METRICS = { promptMs: 1, decodeMs: 1 }

  it('is told piece by piece, and adds up to what the engine counted', () => {
    const spending = new Spending()
    const charges = [
      spending.started(40),
      spending.progress({ phase: 'waiting' }),
      spending.progress({ phase: 'prompt', tokens: 16, of: 50 }),
      spending.progress({ phase: 'prompt', tokens: 50, of: 50 }),
      spending.progress({ phase: 'decode', tokens: 3 }),
      spending.progress({ phase: 'decode', tokens: 8 }),
      spending.finished({ ...METRICS, promptTokens: 50, cachedTokens: 30, decodedTokens: 9 }),
    ]
    expect(charges).toEqual([40, 0, 10, 0, 3, 5, -29])
    expect(charges.reduce((sum, charge) => sum + charge)).toBe(50 - 30 + 9)
  })

  it('is no more for what is computed once more after a loss, or goes on after a pause', () => {
    const spending = new Spending()
    spending.started(40)
    spending.progress({ phase: 'decode', tokens: 8 })
    expect(spending.started(40)).toBe(0)
    expect(spending.progress({ phase: 'decode', tokens: 2 })).toBe(0)
    expect(spending.progress({ phase: 'decode', tokens: 9 })).toBe(1)
  })
})
