import { describe, expect, it } from 'vitest'
import { choosePlace } from '../../../apps/web/src/host/choose-place.js'
import type { Candidate } from '../../../apps/web/src/host/choose-place.js'

const FITS = { verdict: 'fits', why: '' } as const
const TIGHT = { verdict: 'tight', why: '' } as const
const TOO_LARGE = { verdict: 'does-not-fit', why: '' } as const
const ABSENT = { state: 'absent', bytes: 0 } as const
const STORED = { state: 'stored', bytes: 1 } as const

function here(change: Partial<Candidate> = {}): Candidate {
  return {
    id: 'here',
    name: 'Toy',
    family: 'toy',
    place: 'browser',
    fit: FITS,
    stored: ABSENT,
    loaded: false,
    ...change,
  }
}

function there(change: Partial<Candidate> = {}): Candidate {
  return {
    ...here(),
    id: 'there',
    place: 'server',
    fit: { verdict: 'unknown', why: '' },
    stored: { state: 'elsewhere', bytes: 0 },
    ...change,
  }
}

describe('where a request is answered', () => {
  it.each([
    ['loaded here comes before not loaded there', here({ loaded: true }), there(), 'here'],
    ['loaded there comes before stored here', here({ stored: STORED }), there({ loaded: true }), 'there'],
    [
      'of two that are loaded the server’s is taken',
      here({ loaded: true }),
      there({ loaded: true }),
      'there',
    ],
    ['stored here comes before cold there', here({ stored: STORED }), there(), 'here'],
    ['cold there comes before a download', here(), there(), 'there'],
    ['a download comes before a server that does not answer', here(), there({ fit: TOO_LARGE }), 'here'],
    ['even one that just fits', here({ fit: TIGHT }), there({ fit: TOO_LARGE }), 'here'],
    ['what does not fit here goes there', here({ fit: TOO_LARGE, stored: STORED }), there(), 'there'],
  ])('%s', (_rule, local, remote, expected) => {
    expect(choosePlace([local, remote], 'here', 'auto').model).toBe(expected)
    expect(choosePlace([remote, local], 'there', 'auto').model).toBe(expected)
  })

  it('stays with the model that was picked, among several of its family in its place', () => {
    const other = here({ id: 'other', loaded: true })
    expect(choosePlace([other, here()], 'here', 'auto').model).toBe('here')
    expect(choosePlace([other, here()], 'here', 'browser').model).toBe('here')
  })

  it('takes the best of the family in the place that is wanted', () => {
    const other = here({ id: 'other', stored: STORED })
    expect(choosePlace([here(), other, there({ loaded: true })], 'there', 'browser').model).toBe('other')
  })

  it('goes where it is told, ready or not', () => {
    expect(choosePlace([here({ loaded: true }), there()], 'here', 'server').model).toBe('there')
    expect(choosePlace([here(), there({ loaded: true })], 'there', 'browser').model).toBe('here')
  })

  it('says what is missing', () => {
    expect(choosePlace([here()], 'here', 'server')).toEqual({
      model: null,
      why: 'no connected server has Toy: choose another place, or another model',
    })
    expect(choosePlace([there()], 'there', 'browser').why).toContain('Toy is not to be had for this browser')
    expect(choosePlace([there()], 'gone', 'auto').why).toBe('there is no model "gone" any more')
  })

  it('relates nothing but families', () => {
    expect(choosePlace([here(), there({ family: 'other', loaded: true })], 'here', 'auto').model).toBe('here')
  })
})
