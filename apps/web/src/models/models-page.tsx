import { Fragment, type ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { HostClient, HostView, ModelCard } from '../host/index.js'
import { OwnServerNotice, ServerDialog, ServerList } from '../settings/index.js'
import { Button, Icon, IconButton, Menu, PageHeader, Spinner, settings, useHost } from '../shell/index.js'
import { AddModel } from './add-model.js'
import { FilterBar } from './filter-bar.js'
import { NO_FILTERS, filterCards, licensesOf, shelves } from './filters.js'
import { groupCards, type CardGroup } from './groups.js'
import { LoadedNow } from './loaded-now.js'
import { machineText } from './machine-text.js'
import { attempt } from './model-actions.js'
import { ModelRow } from './model-row.js'
import { recommend } from './recommend.js'
import { StorageBar } from './storage-bar.js'
import './models.css'

export interface ModelsPageProps {
  /** Begins a new chat with a model. */
  readonly onChat: (card: ModelCard) => void
}

/** What is here and what can be had. */
export function ModelsPage({ onChat }: ModelsPageProps) {
  const host = useHost()
  const view = host.view.value
  const [adding, setAdding] = useState<'model' | 'server' | null>(null)
  return (
    <>
      <PageHeader title="Models">
        <div class="models-tools">
          <IconButton
            icon="refresh"
            label="Look again"
            disabled={view === null}
            onClick={() => attempt(host.calls.refresh())}
          />
          <Menu
            label="Add"
            trigger={
              <>
                <Icon name="plus" size={16} /> Add
              </>
            }
            items={[
              { label: 'A model by its address', icon: 'box', onSelect: () => setAdding('model') },
              { label: 'A server', icon: 'server', onSelect: () => setAdding('server') },
            ]}
          />
        </div>
      </PageHeader>
      <div class="shell-scroll">
        <div class="models">
          {view === null ? (
            <p class="models-waiting">
              <Spinner /> Looking for models…
            </p>
          ) : (
            <Shelves host={host} view={view} onChat={onChat} />
          )}
        </div>
      </div>
      <AddModel open={adding === 'model'} onClose={() => setAdding(null)} />
      <ServerDialog open={adding === 'server'} editing={null} onClose={() => setAdding(null)} />
    </>
  )
}

interface ShelvesProps extends ModelsPageProps {
  readonly host: HostClient
  readonly view: HostView
}

function Shelves({ host, view, onChat }: ShelvesProps) {
  const [filters, setFilters] = useState(NO_FILTERS)
  const shelf = { host, view, onChat, recommended: recommend(view)?.card ?? null }
  const { here, toHave } = shelves(filterCards(view.models, filters))
  return (
    <>
      <p class="models-machine">{`This machine: ${machineText(view.machine)}`}</p>
      {view.storage !== null && <StorageBar storage={view.storage} calls={host.calls} />}
      <OwnServerNotice />
      <LoadedNow host={host} cards={view.models} />
      {settings.value.servers.length > 0 && (
        <section class="models-section" aria-labelledby="servers-here">
          <h2 id="servers-here">Servers</h2>
          <ServerList />
        </section>
      )}
      <FilterBar filters={filters} licenses={licensesOf(view.models)} onChange={setFilters} />
      <p class="visually-hidden" role="status">
        {`${here.length + toHave.length} of ${view.models.length} models shown`}
      </p>
      <Shelf title="Here" groups={here.map((best) => ({ best, others: [] }))} {...shelf} />
      <Shelf title="To be had" groups={groupCards(toHave, view)} {...shelf} />
      {here.length + toHave.length === 0 && (
        <div class="models-none">
          <p>{view.models.length === 0 ? 'No models were found.' : 'No model is like this.'}</p>
          {view.models.length > 0 && <Button onClick={() => setFilters(NO_FILTERS)}>Show all</Button>}
        </div>
      )}
    </>
  )
}

/** Rows of a shelf that are shown unless more are asked for. */
const AT_FIRST = 30

interface ShelfProps extends ModelsPageProps {
  readonly title: string
  readonly groups: readonly CardGroup[]
  readonly recommended: ModelCard | null
  readonly host: HostClient
  readonly view: HostView
}

function Shelf({ title, groups, host, view, onChat, recommended }: ShelfProps) {
  const [all, setAll] = useState(false)
  if (groups.length === 0) return null
  const row = (card: ModelCard) => (
    <ModelRow
      key={card.id}
      card={card}
      recommended={card === recommended}
      download={view.downloads.find(({ model }) => model === card.id)}
      calls={host.calls}
      onChat={onChat}
    />
  )
  const id = `shelf-${title.toLowerCase().replaceAll(' ', '-')}`
  return (
    <section class="models-section" aria-labelledby={id}>
      <h2 id={id}>
        {title} <span class="models-count">{groups.length}</span>
      </h2>
      <ul class="models-list">
        {(all ? groups : groups.slice(0, AT_FIRST)).map(({ best, others }) => (
          <Fragment key={best.id}>
            {row(best)}
            {others.length > 0 && <Versions of={best} rows={others.map(row)} />}
          </Fragment>
        ))}
      </ul>
      {!all && groups.length > AT_FIRST && (
        <Button class="models-more" onClick={() => setAll(true)}>
          Show {groups.length - AT_FIRST} more
        </Button>
      )}
    </section>
  )
}

interface VersionsProps {
  readonly of: ModelCard
  readonly rows: readonly ComponentChildren[]
}

/** The other versions of a model, folded. */
function Versions({ of: { name }, rows }: VersionsProps) {
  const [open, setOpen] = useState(false)
  return (
    <li class="model-versions">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <Icon name="chevron-right" size={14} />
          {rows.length === 1 ? 'One other version' : `${rows.length} other versions`}
          <span class="visually-hidden"> of {name}</span>
        </summary>
        {open && <ul class="models-list">{rows}</ul>}
      </details>
    </li>
  )
}
