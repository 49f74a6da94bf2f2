import { describe, expect, it } from 'vitest'
import { storeFolders } from '../../../apps/server/src/models/index.js'

const HOME = '/home/ann'
const SERVICE = '/usr/share/ollama/.ollama/models'
const nothing = { own: undefined, ollama: undefined, gguf: [] }

describe('where models are looked for', () => {
  it('is Berth’s own store, then Ollama’s usual ones', () => {
    expect(storeFolders(nothing, HOME)).toEqual({
      own: '/home/ann/.berth/models',
      shared: ['/home/ann/.ollama/models', SERVICE],
      gguf: [],
    })
  })

  it('is a store of Ollama’s elsewhere too, which does not become Berth’s own', () => {
    expect(storeFolders({ ...nothing, ollama: '/data/ollama' }, HOME)).toMatchObject({
      own: '/home/ann/.berth/models',
      shared: ['/data/ollama', '/home/ann/.ollama/models', SERVICE],
    })
  })

  it('names no store twice', () => {
    const { shared } = storeFolders({ ...nothing, ollama: '/home/ann/.ollama/models/' }, HOME)
    expect(shared).toEqual(['/home/ann/.ollama/models', SERVICE])
  })

  it('has the own store where the user says, though it were Ollama’s', () => {
    const own = '/home/ann/.ollama/models'
    expect(storeFolders({ ...nothing, own, ollama: own }, HOME)).toMatchObject({ own, shared: [SERVICE] })
  })

  it('reads relative paths from where the server is started', () => {
    expect(storeFolders({ own: 'm', ollama: 'o', gguf: ['g'] }, HOME)).toEqual({
      own: `${process.cwd()}/m`,
      shared: [`${process.cwd()}/o`, '/home/ann/.ollama/models', SERVICE],
      gguf: [`${process.cwd()}/g`],
    })
  })
})
