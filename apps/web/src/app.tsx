import { useState } from 'preact/hooks'
import { ActivityPage } from './activity/index.js'
import { ChatPage, ConversationList, ExportConversations, chooseForNewChat } from './chat/index.js'
import type { HostClient, HostView, ModelCard } from './host/index.js'
import { FirstRun, ModelsPage, canChatNow, underWay } from './models/index.js'
import { PlannerPage } from './planner/index.js'
import { SettingsPage } from './settings/index.js'
import { HostContext, Layout, PageHeader, Spinner, navigate, route, toastError } from './shell/index.js'

/** The whole page. */
export function App({ host }: { readonly host: HostClient }) {
  return (
    <HostContext.Provider value={host}>
      <Layout sidebar={<Conversations />}>
        <Page host={host} />
      </Layout>
    </HostContext.Provider>
  )
}

function Conversations() {
  const here = route.value
  return <ConversationList current={here.page === 'chat' ? here.id : null} />
}

function Page({ host }: { readonly host: HostClient }) {
  const here = route.value
  if (here.page === 'models') return <ModelsPage onChat={(card) => chatWith(host, card)} />
  if (here.page === 'activity') return <ActivityPage host={host} />
  if (here.page === 'planner') return <PlannerPage />
  if (here.page === 'settings') return <SettingsPage data={<ExportConversations />} />
  return <Chat host={host} id={here.id} />
}

/**
 * A conversation; for null a new one, or what comes before the first. One and the same `ChatPage` for all of them: the
 * first message of a new conversation gives it an address and must not make it anew.
 */
function Chat({ host, id }: { readonly host: HostClient; readonly id: string | null }) {
  /** The model that is being fetched for the first chat; undefined before anybody has looked. */
  const [chosen, setChosen] = useState<string | null | undefined>(undefined)
  if (id !== null) return <ChatPage conversation={id} />
  const view = host.view.value
  if (view === null) return <Waiting text="Starting…" />
  const fetching = chosen === undefined && !canChatNow(view) ? underWay(view) : (chosen ?? null)
  if (fetching === null) {
    if (canChatNow(view)) return <ChatPage conversation={null} />
    if (isLooking(view)) return <Waiting text="Looking for models…" />
  }
  return (
    <FirstRun
      host={host}
      view={view}
      chosen={fetching}
      onChoose={setChosen}
      onReady={(card) => {
        chatWith(host, card)
        setChosen(null)
      }}
    />
  )
}

/** Begins a new chat with a model. */
function chatWith(host: HostClient, { id }: ModelCard): void {
  chooseForNewChat(host, id).catch(toastError)
  navigate({ page: 'chat', id: null })
}

/** While a server has not answered, it may yet have a model, and nobody should be told to download one. */
function isLooking({ servers, models }: HostView): boolean {
  return models.length === 0 || servers.some(({ state }) => state === 'connecting')
}

function Waiting({ text }: { readonly text: string }) {
  return (
    <>
      <PageHeader title="New chat" hideTitle />
      <p class="shell-waiting" role="status">
        <Spinner /> {text}
      </p>
    </>
  )
}
