import type { HostView, ModelCard } from '../host/index.js'

/** Whether a conversation can begin with this model at once: it is on disk here, or on a server that answers. */
export function isUsable(card: ModelCard): boolean {
  if (!card.capabilities.includes('chat') || card.fit.verdict === 'does-not-fit') return false
  return card.stored.state === 'stored' || card.stored.state === 'elsewhere'
}

/** Whether there is any model to chat with at once. */
export function canChatNow(view: HostView): boolean {
  return view.models.some(isUsable)
}
