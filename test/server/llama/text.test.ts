import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StopStrings } from '@berth/protocol'
import { TokenTextDecoder } from '../../../apps/server/src/llama/child/text-decoder.js'
import { tokenBytes } from '../../../apps/server/src/llama/child/token-bytes.js'

/** What a text comes to when it arrives in these parts. */
function run(stops: readonly string[], parts: readonly string[]): { text: string; stopped: boolean } {
  const strings = new StopStrings(stops)
  let text = ''
  for (const part of parts) {
    const { emit, stopped } = strings.push(part)
    text += emit
    if (stopped) return { text, stopped }
  }
  return { text: text + strings.flush(), stopped: false }
}

/** Each token is one byte, as the worst vocabulary has it. */
const ofBytes = (tokens: readonly number[]) => new TextDecoder().decode(Uint8Array.from(tokens))

const letters = (most: number) => fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: most })

describe('stop strings', () => {
  it.each([
    { stops: ['END'], parts: ['abENDc'], text: 'ab', stopped: true },
    { stops: ['END'], parts: ['abE', 'N', 'Dc'], text: 'ab', stopped: true },
    { stops: ['END'], parts: ['abE', 'Nx'], text: 'abENx', stopped: false },
    { stops: ['END'], parts: ['abEEN', 'D'], text: 'abE', stopped: true },
    { stops: ['aab'], parts: ['a', 'a', 'a', 'b'], text: 'a', stopped: true },
    { stops: ['xyz', 'y'], parts: ['xy', 'z'], text: 'x', stopped: true },
    { stops: ['xyz', 'yz'], parts: ['xyz'], text: '', stopped: true },
    { stops: ['\n\n'], parts: ['a\n', 'b\n', '\n'], text: 'a\nb', stopped: true },
    { stops: ['', 'q'], parts: ['abc'], text: 'abc', stopped: false },
    { stops: [], parts: ['a', 'b'], text: 'ab', stopped: false },
  ])('of $stops in $parts leave $text', ({ stops, parts, text, stopped }) => {
    expect(run(stops, parts)).toEqual({ text, stopped })
  })

  it('are found alike wherever the parts begin and end', () => {
    const word = letters(4).map((all) => all.join(''))
    fc.assert(
      fc.property(fc.array(word, { maxLength: 3 }), fc.array(word, { maxLength: 12 }), (stops, parts) => {
        // Character by character nothing can be missed.
        expect(run(stops, parts)).toEqual(run(stops, parts.join('').split('')))
      }),
    )
  })

  it('hold back no more than may become one', () => {
    const strings = new StopStrings(['STOP'])
    expect(strings.push('never mind the S')).toEqual({ emit: 'never mind the ', stopped: false })
    expect(strings.push('T')).toEqual({ emit: '', stopped: false })
    expect(strings.held).toBe('ST')
    expect(strings.push('ART')).toEqual({ emit: 'START', stopped: false })
  })
})

describe('text from tokens', () => {
  const utf8 = new TextEncoder()
  it('never has a part of a character, and has every whole one at once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        // A decoder may take U+FFFD for an unfinished character until the next one.
        fc.pre(!text.includes('\uFFFD'))
        const decoder = new TokenTextDecoder(ofBytes)
        let out = ''
        for (const character of text) {
          for (const byte of utf8.encode(character)) {
            const part = decoder.push(byte)
            expect(part).not.toContain('\uFFFD')
            out += part
          }
        }
        expect(out).toBe(text)
      }),
    )
  })

  it('goes on after bytes that are no text', () => {
    const decoder = new TokenTextDecoder(ofBytes)
    const out = [0xff, 0xf0, 0x41, 0x42].map((byte) => decoder.push(byte)).join('')
    expect(out).toBe('\uFFFD\uFFFDAB')
  })

  it('tells the engine what came before', () => {
    const seen: (readonly number[])[] = []
    const decoder = new TokenTextDecoder(
      (tokens, before) => {
        seen.push(before)
        return tokens.map(String).join()
      },
      [1, 2],
    )
    decoder.push(3)
    decoder.push(4)
    expect(seen).toEqual([
      [1, 2],
      [1, 2, 3],
    ])
  })
})

describe('the bytes of a token', () => {
  it.each([
    ['Ġthe', 'byte-level', [32, 116, 104, 101]],
    ['Ã©', 'byte-level', [0xc3, 0xa9]],
    ['Ċ', 'byte-level', [10]],
    ['Ń', 'byte-level', [0xad]],
    ['<|im_end|>', 'byte-level', [...new TextEncoder().encode('<|im_end|>')]],
    ['▁the', 'sentencepiece', [32, 116, 104, 101]],
    ['<0xE2>', 'sentencepiece', [0xe2]],
    ['é', 'plain', [0xc3, 0xa9]],
  ] as const)('spelled %s in a %s vocabulary', (spelled, spelling, bytes) => {
    expect(tokenBytes(spelled, spelling)).toEqual(bytes)
  })
})
