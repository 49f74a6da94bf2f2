import { describe, expect, test } from 'vitest'
import { MessageTree } from '../../../apps/web/src/chat/tree.js'

const node = (id: string, parent: string | null, at: number) => ({ id, parent, at })

/** a → b → c, and beside b its siblings d → e, written later. */
const branched = () =>
  new MessageTree([
    node('a', null, 1),
    node('b', 'a', 2),
    node('c', 'b', 3),
    node('d', 'a', 4),
    node('e', 'd', 5),
  ])

describe('branches of a conversation', () => {
  test('the path leads from the first message to the leaf', () => {
    expect(branched().path('c')).toEqual(['a', 'b', 'c'])
    expect(branched().path('e')).toEqual(['a', 'd', 'e'])
    expect(branched().path(null)).toEqual([])
  })

  test('siblings are in the order in which they were written, whatever the order in which they came', () => {
    const tree = new MessageTree([node('a', null, 1), node('late', 'a', 9)])
    tree.add(node('early', 'a', 2))
    tree.add(node('middle', 'a', 5))
    expect(tree.siblings('middle')).toEqual({ index: 1, ids: ['early', 'middle', 'late'] })
  })

  test('first messages have siblings as well', () => {
    const tree = new MessageTree([node('a', null, 1), node('b', null, 2)])
    expect(tree.siblings('b')).toEqual({ index: 1, ids: ['a', 'b'] })
  })

  test('a branch is shown to where it was written on last', () => {
    const tree = branched()
    tree.add(node('f', 'b', 6))
    expect(tree.leafOf('b')).toBe('f')
    expect(tree.leafOf('a')).toBe('f')
    expect(tree.leafOf('d')).toBe('e')
    expect(tree.leafOf('c')).toBe('c')
  })

  test('a stored leaf that is not there, as after a crash, gives way to the newest end', () => {
    expect(branched().shownLeaf('c')).toBe('c')
    expect(branched().shownLeaf('lost')).toBe('e')
    expect(branched().shownLeaf(null)).toBe('e')
    expect(new MessageTree([]).shownLeaf('lost')).toBeNull()
  })

  test('messages that follow each other in a circle, as in a broken file, do not hang', () => {
    const tree = new MessageTree([node('a', 'b', 1), node('b', 'a', 2)])
    expect(tree.path('a')).toEqual(['b', 'a'])
  })

  test('thousands of messages in one branch are no recursion', () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) =>
      node(String(index), index === 0 ? null : String(index - 1), index),
    )
    const tree = new MessageTree(nodes)
    expect(tree.leafOf('0')).toBe('19999')
    expect(tree.path('19999')).toHaveLength(20_000)
  })
})
