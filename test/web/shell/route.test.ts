import { describe, expect, it } from 'vitest'
import { hrefOf, parseRoute } from '../../../apps/web/src/shell/route.js'

describe('routes', () => {
  it.each([
    ['', { page: 'chat', id: null }],
    ['#', { page: 'chat', id: null }],
    ['#/', { page: 'chat', id: null }],
    ['#/chat', { page: 'chat', id: null }],
    ['#/chat/', { page: 'chat', id: null }],
    ['#/chat/a%20b', { page: 'chat', id: 'a b' }],
    ['#/chat/%E0%A4%A', { page: 'chat', id: null }],
    ['#/models', { page: 'models' }],
    ['#/activity', { page: 'activity' }],
    ['#/planner?model=a/b&vram=8', { page: 'planner' }],
    ['#/settings', { page: 'settings' }],
    ['#/settings/more', { page: 'settings' }],
    ['#/nowhere', { page: 'chat', id: null }],
    ['#/__proto__', { page: 'chat', id: null }],
  ])('%j is %j', (hash, expected) => {
    expect(parseRoute(hash)).toEqual(expected)
  })

  it.each([
    { page: 'chat', id: null },
    { page: 'chat', id: 'a/b?c#d e%' },
    { page: 'models' },
    { page: 'activity' },
    { page: 'planner' },
    { page: 'settings' },
  ] as const)('%j has an address that leads to it', (there) => {
    expect(parseRoute(hrefOf(there))).toEqual(there)
  })
})
