import { expect, it } from 'vitest'
import { ServerKeys } from '../../../apps/web/src/host/server-keys.js'

const OWN = 'http://127.0.0.1:11434'

/** What was fetched, with the key that went with it. */
function watched() {
  const made: (readonly [url: string, key: string | null])[] = []
  const keys = new ServerKeys(OWN, (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    made.push([url, new Headers(init?.headers).get('authorization')])
    return Promise.resolve(new Response())
  })
  return { keys, made }
}

it('gives each server its own key, and no other server any', async () => {
  const { keys, made } = watched()
  keys.use({
    ownKey: 'mine',
    servers: [
      { name: 'box', address: 'http://box:11434/berth', kind: 'berth', key: 'boxes' },
      { name: 'cloud', address: 'https://api.example', kind: 'openai', key: 'dear' },
    ],
  })
  const urls = ['/web-models/', `${OWN}/web-models/x.bin`, 'http://box:11434/a', 'https://api.example/a']
  for (const url of [...urls, 'https://elsewhere.example/a', 'blob:nothing']) await keys.fetch(url)
  expect(made).toEqual([
    ['/web-models/', 'Bearer mine'],
    [`${OWN}/web-models/x.bin`, 'Bearer mine'],
    ['http://box:11434/a', 'Bearer boxes'],
    ['https://api.example/a', null],
    ['https://elsewhere.example/a', null],
    ['blob:nothing', null],
  ])
})

it('leaves a request its own key and its other headers, and forgets a key that is taken away', async () => {
  const { keys, made } = watched()
  keys.use({ ownKey: 'mine', servers: [] })
  await keys.fetch(OWN, { headers: { authorization: 'Bearer other', range: 'bytes=0-1' } })
  await keys.fetch(new Request(OWN))
  keys.use({ ownKey: null, servers: [] })
  await keys.fetch(OWN)
  expect(made.map(([, key]) => key)).toEqual(['Bearer other', 'Bearer mine', null])
})
