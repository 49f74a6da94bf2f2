import { describe, expect, test } from 'vitest'
import { imageRefusal, textOf } from '../../../apps/web/src/chat/attachments.js'
import { cardFacts, defaultModel, groupModels } from '../../../apps/web/src/chat/model-choice.js'
import {
  BUILT_IN,
  NUMBER_SETTINGS,
  presetOf,
  readNumber,
  withPreset,
} from '../../../apps/web/src/chat/presets.js'
import { adviceFor } from '../../../apps/web/src/chat/problem-advice.js'
import { titleFrom } from '../../../apps/web/src/chat/title.js'
import { dayGroup, ordinal, secondsText } from '../../../apps/web/src/chat/units.js'
import { guessHeight, offsetsOf, windowAt, windowAtEnd } from '../../../apps/web/src/chat/windowing.js'
import { PLAIN_SETTINGS } from '../../../apps/web/src/storage/index.js'
import { card } from './fake-host.js'

test.each([
  ['What is the capital of France?', 'What is the capital of France?'],
  ['\n\n## **Plan** a `trip`\nto Lisbon', 'Plan a trip'],
  ['```js\nlet a = 1\n```', 'let a = 1'],
  ['...\n!!\nok', 'ok'],
  ['', 'notes.txt'],
  [
    'Write a Python function that finds the longest word in a text, with a test.',
    'Write a Python function that finds the longest word in a…',
  ],
  ['😀'.repeat(70), `New conversation`],
])('the title of %j is %j', (text, title) => {
  expect(titleFrom(text, text === '' ? [{ name: 'notes.txt' }] : [])).toBe(title)
})

describe('the model that answers', () => {
  const models = [
    card('absent', { stored: { state: 'absent', bytes: 0 } }),
    card('stored', { parameters: 3e8 }),
    card('loaded', { loaded: true }),
    card('huge', { loaded: true, fit: { verdict: 'does-not-fit', why: '' } }),
    card('embedder', { capabilities: ['embed'], loaded: true }),
  ]

  test('is the conversation’s own, the last one’s, or what is at hand', () => {
    expect(defaultModel(models, 'absent', 'stored')?.id).toBe('absent')
    expect(defaultModel(models, 'gone', 'stored')?.id).toBe('stored')
    expect(defaultModel(models, null, null)?.id).toBe('loaded')
    expect(defaultModel(models.slice(0, 2), null, null)?.id).toBe('stored')
    expect(defaultModel(models.slice(0, 1), null, null)).toBeNull()
  })

  test('is found by any of its words, in groups from what is ready to what is far', () => {
    const server = card('s', {
      place: 'server',
      from: 'this server',
      stored: { state: 'elsewhere', bytes: 0 },
    })
    const groups = groupModels([...models, server], '')
    expect(groups.map((group) => group.name)).toEqual([
      'Ready now',
      'On this device',
      'This server',
      'To download',
    ])
    expect(groupModels(models, 'Q8 ABS').flatMap((group) => group.cards.map((one) => one.id))).toEqual([
      'absent',
    ])
    expect(groupModels(models, 'embedder')).toEqual([])
  })

  test('is described by its size, kind and place', () => {
    expect(cardFacts(card('a'))).toBe('138 MiB · Q8_0 · this browser')
    expect(cardFacts(card('a', { bytes: 2.5e9, stored: { state: 'absent', bytes: 0 } }))).toBe(
      '2.3 GiB to download · Q8_0 · this browser',
    )
    expect(cardFacts(card('a', { bytes: 0, quantization: null }))).toBe('this browser')
  })
})

function setting(key: string) {
  const found = NUMBER_SETTINGS.find((one) => one.key === key)
  if (found === undefined) throw new Error(`No setting ${key}`)
  return found
}

describe('settings of a conversation', () => {
  test('are read from what is typed, or say what would be right', () => {
    expect(readNumber(setting('temperature'), ' 0,7 ')).toEqual({ value: 0.7 })
    expect(readNumber(setting('temperature'), '')).toEqual({ value: null })
    expect(readNumber(setting('topK'), '2.5')).toEqual({
      error: 'Top-k is a whole number from 0 to 1000, not "2.5".',
    })
    expect(readNumber(setting('topP'), 'x')).toHaveProperty('error')
  })

  test('are known for the preset that they are; seed and lengths do not count', () => {
    const precise = BUILT_IN.find((preset) => preset.name === 'Precise')!
    const settings = withPreset({ ...PLAIN_SETTINGS, seed: 3, maxTokens: 9 }, precise)
    expect(settings).toMatchObject({ temperature: 0.2, seed: 3, maxTokens: 9 })
    expect(presetOf(settings, [])).toBe('Precise')
    expect(presetOf({ ...settings, temperature: 0.21 }, [])).toBeNull()
    expect(presetOf(settings, [{ name: 'Mine', settings }])).toBe('Mine')
  })
})

describe('the part of a long list that is rendered', () => {
  const offsets = offsetsOf(Array.from({ length: 1_000 }, () => 100))

  test('is what is seen and a margin, with space for the rest', () => {
    expect(windowAt(offsets, 50_000, 800, 200)).toEqual({ from: 498, to: 510, before: 49_800, after: 49_000 })
    expect(windowAt(offsets, 0, 800, 200)).toEqual({ from: 0, to: 10, before: 0, after: 99_000 })
    expect(windowAtEnd(offsets, 800, 200)).toEqual({ from: 990, to: 1_000, before: 99_000, after: 0 })
  })

  test('is something wherever one is, also beyond the end', () => {
    expect(windowAt(offsets, 1e9, 800, 0)).toMatchObject({ to: 1_000, after: 0 })
    expect(windowAt(offsetsOf([]), 0, 800, 0)).toEqual({ from: 0, to: 0, before: 0, after: 0 })
    expect(windowAt(offsetsOf([5_000]), 4_000, 800, 0)).toEqual({ from: 0, to: 1, before: 0, after: 0 })
  })

  test('is guessed by the length of its texts until it is measured', () => {
    expect(guessHeight(0)).toBeLessThan(guessHeight(1_000))
  })
})

describe('files to attach', () => {
  test('are text where they are text', () => {
    expect(textOf(new TextEncoder().encode('größer'))).toBe('größer')
    expect(textOf(new Uint8Array([0xff, 0xfe, 0x61, 0]))).toBe('a')
    expect(textOf(new Uint8Array([0x61, 0, 0x62]))).toBeNull()
    expect(textOf(new Uint8Array([0xc3, 0x28]))).toBeNull()
  })

  test('are refused by name where they are images and the model does not see', () => {
    const image = { name: 'cat.png', type: 'image/png', size: 10 }
    expect(imageRefusal(image, card('blind', { name: 'Blind' }))).toBe(
      'cat.png was not attached: Blind cannot see images.',
    )
    expect(imageRefusal(image, card('seeing', { capabilities: ['chat', 'vision'] }))).toBeNull()
    expect(
      imageRefusal({ ...image, type: 'image/svg+xml' }, card('seeing', { capabilities: ['chat', 'vision'] })),
    ).toMatch(/PNG, JPEG, WebP or GIF, not image\/svg\+xml/)
  })
})

test('times and places in line are for people', () => {
  expect([840, 12_340, 120_000].map(secondsText)).toEqual(['0.84 s', '12.3 s', '120 s'])
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinal)).toEqual(
    '1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th'.split(' '),
  )
  const now = new Date(2026, 10, 23, 12).getTime()
  const hour = 3_600_000
  expect([1, 20, 100, 400, 2_000].map((hours) => dayGroup(now - hours * hour, now)).slice(0, 4)).toEqual([
    'Today',
    'Yesterday',
    'Last 7 days',
    'Last 30 days',
  ])
})

test('an error says what to do, also one that nobody knows', () => {
  const problem = { from: 'backend' as const, message: '', retryAfterMs: null }
  expect(adviceFor({ ...problem, code: 'out-of-memory' })).toMatchObject({
    retry: false,
    goTo: 'model-picker',
  })
  expect(adviceFor({ ...problem, code: 'engine' })).toMatchObject({ retry: true })
  // Nothing of a server's model is here to be deleted.
  expect(adviceFor({ ...problem, code: 'load-failed' }, 'browser').advice).toContain('delete')
  expect(adviceFor({ ...problem, code: 'load-failed' }, 'server').advice).not.toContain('delete')
})
