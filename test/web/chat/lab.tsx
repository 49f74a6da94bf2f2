import { render } from 'preact'
import { ChatPage, ConversationList } from '../../../apps/web/src/chat/index.js'
import type { ChatMessage, Conversation } from '../../../apps/web/src/storage/index.js'
import { ConversationStore, PLAIN_SETTINGS } from '../../../apps/web/src/storage/index.js'
import {
  HostContext,
  Layout,
  followAddress,
  followWidth,
  openSettings,
  route,
} from '../../../apps/web/src/shell/index.js'
import { FakeHost, card } from './fake-host.js'

/** The chat over a host that the tests play. */
export const host = new FakeHost([
  card('smol', { name: 'SmolLM2 135M Instruct', loaded: true }),
  card('qwen', {
    name: 'Qwen3 4B',
    parameters: 4e9,
    bytes: 2.5e9,
    quantization: 'Q4_K_M',
    fit: { verdict: 'tight', why: 'needs 3.6 GiB of 4.0 GiB' },
    stored: { state: 'absent', bytes: 0 },
  }),
  card('giant', {
    name: 'Giant 70B',
    parameters: 70e9,
    bytes: 40e9,
    quantization: 'Q4_K_M',
    fit: { verdict: 'does-not-fit', why: 'needs 41.2 GiB of 4.0 GiB' },
    stored: { state: 'absent', bytes: 0 },
  }),
  card('server/llava', {
    name: 'LLaVA 7B',
    parameters: 7e9,
    bytes: 4.1e9,
    place: 'server',
    engine: 'remote',
    from: 'this server',
    capabilities: ['chat', 'vision'],
    fit: { verdict: 'unknown', why: 'a server does not tell' },
    stored: { state: 'elsewhere', bytes: 0 },
  }),
])

/** Puts a conversation into storage: its texts in turns, the user's first. */
export async function store(
  id: string,
  title: string,
  texts: readonly string[],
  updated = Date.now(),
): Promise<void> {
  using conversations = new ConversationStore()
  const messages = texts.map((text, index): ChatMessage =>
    messageOf(id, index, text, updated - texts.length + index),
  )
  const conversation: Conversation = {
    id,
    title,
    titled: 'user',
    created: updated,
    updated,
    leaf: messages.at(-1)?.id ?? null,
    model: 'smol',
    where: 'auto',
    settings: PLAIN_SETTINGS,
    deleted: null,
  }
  await conversations.putAll([conversation], messages, new Map())
}

function messageOf(conversation: string, index: number, text: string, at: number): ChatMessage {
  const mine = index % 2 === 0
  return {
    id: `${conversation}-${index}`,
    conversation,
    parent: index === 0 ? null : `${conversation}-${index - 1}`,
    role: mine ? 'user' : 'assistant',
    at,
    text,
    attachments: [],
    answer: mine
      ? null
      : {
          state: 'done',
          thinking: '',
          model: { id: 'smol', name: 'SmolLM2 135M Instruct', place: 'browser' },
          figures: null,
          cut: false,
          problem: null,
        },
  }
}

/** The newest request. */
export function asked() {
  const last = host.asks.at(-1)
  if (last === undefined) throw new Error('Nothing has been asked')
  return last
}

function App() {
  const here = route.value
  const id = here.page === 'chat' ? here.id : null
  return (
    <HostContext.Provider value={host}>
      <Layout sidebar={<ConversationList current={id} />}>
        <ChatPage conversation={id} />
      </Layout>
    </HostContext.Provider>
  )
}

document.title = 'Berth'
document.documentElement.lang = 'en'
const viewport = document.createElement('meta')
viewport.name = 'viewport'
viewport.content = 'width=device-width, initial-scale=1'
document.head.append(viewport)
const root = document.createElement('div')
root.id = 'app'
document.body.append(root)
followAddress()
followWidth()
void openSettings(async () => undefined)
render(<App />, root)
