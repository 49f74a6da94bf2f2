import { formatBytes } from '@berth/budget'
import type { Capability, Download, HostCalls, ModelCard } from '../host/index.js'
import { Badge, FitBadge, Icon, Progress, formatCount, formatTokens } from '../shell/index.js'
import { downloadShare, downloadText } from './download-text.js'
import { ModelActions } from './model-actions.js'

export interface ModelRowProps {
  readonly card: ModelCard
  /** Whether it is the one to begin with on this machine. */
  readonly recommended: boolean
  readonly download: Download | undefined
  readonly calls: HostCalls
  readonly onChat: (card: ModelCard) => void
}

/** One model in one place: what it is, whether it fits and why, and what can be done with it. */
export function ModelRow({ card, recommended, download, calls, onChat }: ModelRowProps) {
  return (
    <li class="model" data-model={card.id}>
      <div class="model-head">
        <div class="model-names">
          <h3 class="model-name">{card.name}</h3>
          <p class="model-where">
            <Icon name={card.place === 'browser' ? 'chip' : 'server'} size={14} />
            <span>{placeText(card)}</span>
          </p>
        </div>
        <div class="model-badges">
          {recommended && (
            <Badge tone="accent" icon="star">
              Recommended
            </Badge>
          )}
          {card.loaded && <Badge tone="accent">Loaded</Badge>}
          {card.stored.state === 'partial' && download === undefined && <Badge tone="neutral">In part</Badge>}
          {card.fit.verdict !== 'unknown' && <FitBadge fit={card.fit} />}
        </div>
        <div class="model-actions">
          <ModelActions card={card} download={download} calls={calls} onChat={onChat} />
        </div>
      </div>
      <ul class="model-facts" aria-label={`About ${card.name}`}>
        {factsOf(card).map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      {card.fit.why !== '' && card.fit.verdict !== 'unknown' && (
        <p class={`model-why model-why-${card.fit.verdict}`}>{card.fit.why}</p>
      )}
      {download !== undefined && <DownloadLine name={card.name} download={download} />}
    </li>
  )
}

export function DownloadLine({ name, download }: { readonly name: string; readonly download: Download }) {
  return (
    <div class="model-download">
      <Progress
        value={downloadShare(download)}
        label={`Download of ${name}`}
        tone={download.state === 'running' ? 'accent' : download.state === 'failed' ? 'danger' : 'quiet'}
      />
      <p class="model-download-text">{downloadText(download)}</p>
      {download.error !== undefined && (
        <p class="model-download-error" role="alert">
          <Icon name="warning" size={16} /> {download.error}
        </p>
      )}
    </div>
  )
}

const KIND: Readonly<Record<Capability, string>> = {
  chat: 'chat',
  embed: 'embeddings',
  tools: 'tools',
  thinking: 'thinking',
  vision: 'images',
}

function placeText({ place, engine, from }: ModelCard): string {
  if (place === 'server') return from
  return engine === 'webllm' ? 'This browser, WebGPU' : 'This browser, llama.cpp'
}

/** How much a model's files are, as far as that is known. */
function sizeText({ bytes, bytesGuessed }: ModelCard): string {
  return bytesGuessed === true ? `about ${formatBytes(bytes)}` : formatBytes(bytes)
}

function factsOf(card: ModelCard): string[] {
  const facts: string[] = []
  if (card.bytes > 0) facts.push(sizeText(card))
  if (card.parameters !== null) facts.push(`${formatCount(card.parameters)} parameters`)
  if (card.quantization !== null) facts.push(card.quantization)
  if (card.contextLength !== null && card.contextLength > 0)
    facts.push(`${formatTokens(card.contextLength)} context`)
  facts.push(...card.capabilities.map((capability) => KIND[capability]))
  if (card.license !== null) facts.push(card.license)
  return facts
}
