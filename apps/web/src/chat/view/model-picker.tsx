import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks'
import type { ModelCard, Where } from '../../host/index.js'
import { Badge, FitBadge, Icon, Segmented, TextInput, hrefOf } from '../../shell/index.js'
import { canChat, cardFacts, groupModels } from '../model-choice.js'
import './model-picker.css'

export interface ModelPickerProps {
  readonly models: readonly ModelCard[]
  readonly chosen: ModelCard | null
  /** Whether models are not known yet. */
  readonly connecting: boolean
  readonly where: Where
  readonly open: boolean
  readonly onOpen: (open: boolean) => void
  readonly onChoose: (card: ModelCard) => void
  readonly onWhere: (where: Where) => void
}

/** The model that answers, and a searchable list of all others with what there is to know of each. */
export function ModelPicker(props: ModelPickerProps) {
  const { chosen, connecting, open, onOpen } = props
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!open) return undefined
    const outside = (event: Event) => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) onOpen(false)
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open])
  const close = () => {
    onOpen(false)
    button.current?.focus()
  }
  return (
    <div
      class="picker"
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return
        event.preventDefault()
        event.stopPropagation()
        close()
      }}
      onFocusOut={(event) => {
        if (
          open &&
          event.relatedTarget instanceof Node &&
          root.current?.contains(event.relatedTarget) !== true
        )
          onOpen(false)
      }}
    >
      <button
        ref={button}
        type="button"
        class="picker-button"
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-label={chosen === null ? 'Choose a model' : `Model: ${chosen.name}`}
        onClick={() => onOpen(!open)}
      >
        <span class="picker-name" dir="auto">
          {chosen?.name ?? (connecting ? 'Connecting…' : 'Choose a model')}
        </span>
        {chosen !== null && <Icon name={chosen.place === 'server' ? 'server' : 'chip'} size={16} />}
        <Icon name="chevron-down" size={16} />
      </button>
      {open && <Panel {...props} onClose={close} />}
    </div>
  )
}

function Panel({
  models,
  chosen,
  where,
  onChoose,
  onWhere,
  onClose,
}: ModelPickerProps & { readonly onClose: () => void }) {
  const [words, setWords] = useState('')
  const [active, setActive] = useState<string | null>(chosen?.id ?? null)
  const id = useId()
  const panel = useRef<HTMLDivElement>(null)
  const groups = useMemo(() => groupModels(models, words), [models, words])
  const cards = groups.flatMap((group) => group.cards)
  const at = cards.findIndex((card) => card.id === active)
  const optionId = (card: ModelCard) => `${id}-${cards.indexOf(card)}`

  useEffect(() => panel.current?.querySelector('input')?.focus(), [])
  useEffect(() => {
    panel.current?.querySelector('[role=option][aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [active])

  const choose = (card: ModelCard | undefined) => {
    if (card === undefined || !canChat(card)) return
    onChoose(card)
    onClose()
  }
  const onKey = (event: KeyboardEvent) => {
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? cards.length - 1 : at - 1,
      PageDown: at + 8,
      PageUp: at - 8,
    }[event.key]
    if (to !== undefined) {
      event.preventDefault()
      const wrapped = event.key.startsWith('Page')
        ? Math.min(cards.length - 1, Math.max(0, to))
        : (to + cards.length) % Math.max(1, cards.length)
      setActive(cards[wrapped]?.id ?? null)
    } else if (
      event.key === 'Enter' &&
      event.target instanceof HTMLInputElement &&
      event.target.type === 'text'
    ) {
      event.preventDefault()
      choose(cards[at] ?? (cards.length === 1 ? cards[0] : undefined))
    }
  }

  return (
    // Takes the focus of clicks beside its controls, which would else leave it.
    <div class="picker-panel" ref={panel} role="dialog" aria-label="Models" tabIndex={-1} onKeyDown={onKey}>
      <div class="picker-search">
        <TextInput
          icon="search"
          aria-label="Search models"
          placeholder="Search models"
          value={words}
          onInput={(value) => {
            setWords(value)
            setActive(groupModels(models, value)[0]?.cards[0]?.id ?? null)
          }}
          {...{
            role: 'combobox',
            'aria-expanded': true,
            'aria-controls': `${id}-list`,
            'aria-autocomplete': 'list',
            'aria-activedescendant': at >= 0 ? `${id}-${at}` : undefined,
          }}
        />
      </div>
      <div class="picker-list" id={`${id}-list`} role="listbox" aria-label="Models" tabIndex={-1}>
        {groups.map((group) => (
          <div key={group.name} role="group" aria-label={group.name}>
            <div class="picker-group" aria-hidden="true">
              {group.name}
            </div>
            {group.cards.map((card) => (
              <div
                key={card.id}
                id={optionId(card)}
                class={`picker-option ${card.id === active ? 'picker-active' : ''}`}
                role="option"
                aria-selected={card.id === active}
                aria-disabled={!canChat(card)}
                onPointerMove={() => setActive(card.id)}
                onClick={() => choose(card)}
              >
                <Icon name={card.place === 'server' ? 'server' : 'chip'} size={18} />
                <span class="picker-text">
                  <span class="picker-title">
                    <span dir="auto">{card.name}</span>
                    {card.id === chosen?.id && <Icon name="check" size={16} />}
                  </span>
                  <span class="picker-facts">{cardFacts(card)}</span>
                  {(card.fit.verdict === 'tight' || card.fit.verdict === 'does-not-fit') && (
                    <span class="picker-facts">{card.fit.why}</span>
                  )}
                </span>
                <span class="picker-badges">
                  {card.capabilities.includes('vision') && <Badge icon="image">Vision</Badge>}
                  {card.loaded ? (
                    <Badge tone="accent">Loaded</Badge>
                  ) : (
                    card.fit.verdict !== 'unknown' && <FitBadge fit={card.fit} />
                  )}
                </span>
              </div>
            ))}
          </div>
        ))}
        {groups.length === 0 && (
          <div role="option" aria-selected={false} aria-disabled={true} class="picker-none">
            {models.length === 0 ? 'No models yet' : 'No model has these words'}
          </div>
        )}
      </div>
      <div class="picker-foot">
        <Segmented<Where>
          label="Where it runs"
          value={where}
          options={[
            { value: 'auto', label: 'Automatic' },
            { value: 'browser', label: 'This browser', icon: 'chip' },
            { value: 'server', label: 'Server', icon: 'server' },
          ]}
          onChange={onWhere}
        />
        <a class="picker-more" href={hrefOf({ page: 'models' })}>
          All models
        </a>
      </div>
    </div>
  )
}
