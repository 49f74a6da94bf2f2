import { describe, expect, it } from 'vitest'
import { checkServer } from '../../../apps/web/src/settings/check-server.js'

const quay = { name: 'quay', address: 'http://quay:11434', kind: 'berth' } as const
const draft = { name: '', address: 'http://192.168.1.20:11434', kind: 'ollama', key: '' } as const

describe('a server that is typed in', () => {
  it.each([
    ['192.168.1.20:11434', 'http://192.168.1.20:11434'],
    ['localhost:11434', 'http://localhost:11434'],
    ['https://Models.Example/', 'https://models.example'],
    [' https://models.example/base// ', 'https://models.example/base'],
  ])('%j has the address %j', (address, stored) => {
    expect(checkServer({ ...draft, address }, [], false)).toMatchObject({
      ok: true,
      server: { address: stored },
    })
  })

  it('is called by its host where it has no name, and keeps a key only if there is one', () => {
    expect(checkServer(draft, [], false)).toEqual({
      ok: true,
      server: { name: '192.168.1.20:11434', address: draft.address, kind: 'ollama' },
    })
    expect(checkServer({ ...draft, name: ' mine ', key: ' secret ' }, [], false)).toEqual({
      ok: true,
      server: { name: 'mine', address: draft.address, kind: 'ollama', key: 'secret' },
    })
  })

  it.each([
    [{ address: '' }, 'address', /An address is needed/],
    [{ address: 'ftp://quay' }, 'address', /“ftp:\/\/quay” is no address/],
    [{ address: 'http://' }, 'address', /is no address/],
    [{ address: 'http://me:pass@quay' }, 'address', /use the key/],
    [{ address: 'http://quay:11434/' }, 'address', /“quay” has this address/],
    [{ name: 'quay' }, 'name', /Another server is called “quay”/],
  ])('%o is refused: its %s', (change, field, why) => {
    expect(checkServer({ ...draft, ...change }, [quay], false)).toEqual({
      ok: false,
      [field]: expect.stringMatching(why),
    })
  })

  it('must be reachable from a page that came by https', () => {
    expect(checkServer(draft, [], true)).toEqual({ ok: false, address: expect.stringContaining('https') })
    for (const address of ['http://localhost:11434', 'http://127.0.0.1:1', 'http://[::1]:1', 'https://quay'])
      expect(checkServer({ ...draft, address }, [], true)).toMatchObject({ ok: true })
  })
})
