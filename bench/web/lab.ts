import {
  ConversationStore,
  DEFAULT_SETTINGS,
  PLAIN_SETTINGS,
  writeSettings,
} from '../../apps/web/src/storage/index.js'

/** Runs in the browser, at the page's own address: it leaves there what the page is to be measured with. */

const QUESTION = 'What would you take on a journey of three days along the coast, and why?'
const ANSWER = `Three things, and each for a reason.

1. **A map on paper.** It has no battery, and shows what lies beside the way.
2. **A good knife**, for bread and for everything else.
3. \`rope\`: ten metres are enough.

\`\`\`python
def weight(things: dict[str, float]) -> float:
    return sum(things.values())
\`\`\`

Whatever else seems needed on the evening before can mostly stay at home.`

/** Stores a conversation of so many messages, one after the other; every second one is an answer with code. */
export async function storeConversation(id: string, count: number): Promise<void> {
  const store = new ConversationStore()
  const messages = Array.from({ length: count }, (_, index) => ({
    id: `message-${index}`,
    conversation: id,
    parent: index === 0 ? null : `message-${index - 1}`,
    role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
    at: 1_700_000_000_000 + index,
    text: `${index % 2 === 0 ? QUESTION : ANSWER}\n\nMessage ${index + 1}.`,
    attachments: [],
    answer:
      index % 2 === 0
        ? null
        : {
            state: 'done' as const,
            thinking: '',
            model: { id: 'bench', name: 'bench', place: null },
            figures: null,
            cut: false,
            problem: null,
          },
  }))
  await store.putAll([conversation(id, null, `message-${count - 1}`)], messages, new Map())
}

/** Stores an empty conversation with a model of an OpenAI-compatible server, and that server with it. */
export async function storeServer(id: string, address: string, model: string): Promise<void> {
  await writeSettings({ ...DEFAULT_SETTINGS, servers: [{ name: 'bench', address, kind: 'openai' }] })
  await new ConversationStore().put(conversation(id, `${address}/${model}`, null))
}

function conversation(id: string, model: string | null, leaf: string | null) {
  return {
    id,
    title: 'A journey',
    titled: 'user' as const,
    created: 1_700_000_000_000,
    updated: 1_700_000_000_000,
    leaf,
    model,
    where: 'auto' as const,
    settings: PLAIN_SETTINGS,
    deleted: null,
  }
}
