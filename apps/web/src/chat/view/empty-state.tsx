import type { ModelCard } from '../../host/index.js'
import { Button, Icon, Mark } from '../../shell/index.js'
import type { IconName } from '../../shell/index.js'
import './empty-state.css'

export interface EmptyStateProps {
  readonly card: ModelCard | null
  readonly onSuggest: (text: string) => void
  readonly onPickModel: () => void
}

const SUGGESTIONS: readonly { readonly icon: IconName; readonly title: string; readonly text: string }[] = [
  {
    icon: 'sparkle',
    title: 'Explain something',
    text: 'Explain how tides work, as to a curious ten-year-old.',
  },
  {
    icon: 'edit',
    title: 'Help me write',
    text: 'Write a short, friendly message that asks a neighbour to water my plants.',
  },
  {
    icon: 'branch',
    title: 'Write some code',
    text: 'Write a Python function that finds the longest word in a text, with a test.',
  },
  { icon: 'file', title: 'Make a plan', text: 'Plan a simple dinner for four people, with a shopping list.' },
]

/** What is to be seen before the first message. */
export function EmptyState({ card, onSuggest, onPickModel }: EmptyStateProps) {
  return (
    <div class="empty shell-scroll">
      <div class="empty-inner">
        <Mark size={44} />
        <h2>What is on your mind?</h2>
        {card === null ? (
          <>
            <p>Choose a model first. Nothing that you write leaves this machine or your own server.</p>
            <Button variant="primary" onClick={onPickModel}>
              Choose a model
            </Button>
          </>
        ) : (
          <p>
            {card.place === 'browser'
              ? `${card.name} runs in this browser: nothing that you write leaves this machine.`
              : `${card.name} answers on ${card.from}.`}
          </p>
        )}
        <ul class="suggestions">
          {SUGGESTIONS.map(({ icon, title, text }) => (
            <li key={title}>
              <button type="button" class="suggestion" onClick={() => onSuggest(text)}>
                <Icon name={icon} size={18} />
                <span>
                  <strong>{title}</strong>
                  <span>{text}</span>
                </span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}
