/** A tab as the page is one, without its pages: what the tests of tabs and host ask of it, from within. */
import type { Ask, AskEvent, HostClient, Where } from '../../../apps/web/src/host/index.js'
import { connectHost } from '../../../apps/web/src/tabs/index.js'

export const host: HostClient = connectHost()

export const events = new Map<string, AskEvent[]>()

/** Asks a model one question, and keeps the events under the given name. */
export function ask(
  id: string,
  model: string,
  text: string,
  {
    where = 'auto',
    maxTokens,
    contextLength,
  }: { where?: Where; maxTokens?: number; contextLength?: number } = {},
): void {
  const heard: AskEvent[] = []
  events.set(id, heard)
  void (async () => {
    const request: Ask = {
      id,
      model,
      where,
      ...(contextLength === undefined ? {} : { wish: { contextLength } }),
      job: {
        kind: 'generate',
        prompt: { kind: 'messages', messages: [{ role: 'user', content: text }] },
        sampling: { temperature: 0 },
        stop: [],
        overflow: { prompt: 'fail', answer: 'stop' },
        ...(maxTokens === undefined ? {} : { maxTokens }),
      },
    }
    for await (const event of host.ask(request)) heard.push(event)
  })()
}

/** How the answer is so far: its text, and how it ended. */
export function answer(id: string): { text: string; end: string | null; started: boolean } {
  const heard = events.get(id) ?? []
  let text = ''
  let end: string | null = null
  for (const event of heard) {
    if (event.type === 'failed') end = `${event.error.code}: ${event.error.message}`
    if (event.type !== 'pieces') continue
    for (const piece of event.pieces) {
      if (piece.type === 'text') text += piece.text
      if (piece.type === 'finished') end = piece.reason
    }
  }
  return { text, end, started: heard.some(({ type }) => type === 'started') }
}

export function role(): string {
  return host.role.value
}

/** A model of a place, once it is in the list. */
export function modelId(place: 'browser' | 'server'): string | null {
  return host.view.value?.models.find((model) => model.place === place)?.id ?? null
}

/** What a request was last said to wait for. */
export function waitsFor(id: string): string {
  const last = events.get(id)?.findLast(({ type }) => type === 'waiting')
  return last?.type === 'waiting' ? last.why : ''
}

export function serverState(): string | null {
  return host.view.value?.servers[0]?.state ?? null
}
