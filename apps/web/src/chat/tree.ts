/** What branches need to know of a message. */
export interface TreeNode {
  readonly id: string
  readonly parent: string | null
  readonly at: number
}

/** A message among those that follow the same one: branch `index` of `ids`, in the order in which they were written. */
export interface Siblings {
  readonly index: number
  readonly ids: readonly string[]
}

/** The tree that the messages of a conversation make. Immutable but for `add`, which keeps every order. */
export class MessageTree {
  readonly #nodes = new Map<string, TreeNode>()
  readonly #children = new Map<string | null, string[]>()

  constructor(nodes: Iterable<TreeNode>) {
    const sorted = [...nodes].toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    for (const node of sorted) this.add(node)
  }

  has(id: string): boolean {
    return this.#nodes.has(id)
  }

  get size(): number {
    return this.#nodes.size
  }

  /** Adds a message, or does nothing where it is known: a message never changes its parent. */
  add(node: TreeNode): void {
    if (this.#nodes.has(node.id)) return
    this.#nodes.set(node.id, node)
    const siblings = this.#children.get(node.parent)
    if (siblings === undefined) this.#children.set(node.parent, [node.id])
    else {
      // Nearly always the last; another tab's message may come later than a newer one of ours.
      let at = siblings.length
      while (at > 0 && (this.#nodes.get(siblings[at - 1] ?? '')?.at ?? 0) > node.at) at -= 1
      siblings.splice(at, 0, node.id)
    }
  }

  /** From the first message to this one; empty for null. A parent that is missing ends it early. */
  path(leaf: string | null): string[] {
    const path: string[] = []
    const seen = new Set<string>()
    for (let id = leaf; id !== null && !seen.has(id);) {
      const node = this.#nodes.get(id)
      if (node === undefined) break
      seen.add(id)
      path.push(id)
      id = node.parent
    }
    return path.toReversed()
  }

  children(id: string | null): readonly string[] {
    return this.#children.get(id) ?? []
  }

  siblings(id: string): Siblings {
    const node = this.#nodes.get(id)
    const ids = node === undefined ? [id] : this.children(node.parent)
    return { index: Math.max(0, ids.indexOf(id)), ids }
  }

  /** The end of the branch through a message on which something was written last. */
  leafOf(id: string): string {
    let best = this.#nodes.get(id)
    if (best === undefined) return id
    const open = [id]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const children = this.children(at)
      if (children.length > 0) {
        open.push(...children)
        continue
      }
      const node = this.#nodes.get(at)
      if (node !== undefined && (node.at >= best.at || best.id === id)) best = node
    }
    return best.id
  }

  /** The leaf to show: the stored one where it is there, else the newest end of all; null without messages. */
  shownLeaf(stored: string | null): string | null {
    if (stored !== null && this.#nodes.has(stored)) return stored
    const roots = this.children(null)
    let best: TreeNode | null = null
    for (const root of roots) {
      const leaf = this.#nodes.get(this.leafOf(root))
      if (leaf !== undefined && (best === null || leaf.at > best.at)) best = leaf
    }
    return best?.id ?? null
  }
}
