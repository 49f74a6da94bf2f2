import { describe, expect, it } from 'vitest'
import { checkModelAddress } from '../../../apps/web/src/models/check-address.js'

describe('a model’s address', () => {
  it('is stored as browsers write it', () => {
    expect(checkModelAddress(' https://Models.example/tiny.gguf ', [])).toEqual({
      ok: true,
      address: 'https://models.example/tiny.gguf',
    })
  })

  it('of a WebLLM model may have its library behind it', () => {
    const both = 'https://models.example/tiny/ https://models.example/lib.wasm'
    expect(checkModelAddress(both.replace(' ', '   '), [])).toEqual({ ok: true, address: both })
    expect(checkModelAddress(both, [both])).toMatchObject({ ok: false })
  })

  it.each([
    ['https://a.example/b https://a.example/c https://a.example/d', /no more than two/],
    ['https://a.example/b lib.wasm', /“lib.wasm” is no address/],
    ['', /address is needed/],
    ['models.example/tiny.gguf', /“models.example\/tiny.gguf” is no address/],
    ['file:///tiny.gguf', /begins with https/],
    ['javascript:alert(1)', /begins with https/],
    ['https://models.example/there.gguf', /in the list already/],
  ])('%j is refused, and why is said', (text, why) => {
    const checked = checkModelAddress(text, ['https://models.example/there.gguf'])
    expect(checked).toEqual({ ok: false, why: expect.stringMatching(why) })
  })
})
