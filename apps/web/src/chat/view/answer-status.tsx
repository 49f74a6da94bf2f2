import { formatBytes } from '@berth/budget'
import { useEffect, useState } from 'preact/hooks'
import type { HostClient, Place } from '../../host/index.js'
import { Button, Icon, Progress, formatDuration, navigate } from '../../shell/index.js'
import type { AnswerRecord, Problem } from '../../storage/index.js'
import { rateSoFar } from '../answer/live-answer.js'
import type { LiveAnswer } from '../answer/live-answer.js'
import { adviceFor } from '../problem-advice.js'
import { ordinal, secondsText } from '../units.js'
import type { MessageActions } from './message-view.js'
import './answer-status.css'

const STAGES = {
  starting: 'Starting the model',
  fetching: 'Downloading the model',
  reading: 'Loading the model',
  compiling: 'Preparing the model for this GPU',
  checking: 'Trying the model out',
} as const

export interface AnswerStatusProps {
  /** Null where another tab gives the answer. */
  readonly live: LiveAnswer | null
  readonly client: HostClient
}

/** What is going on before and while an answer comes. */
export function AnswerStatus({ live, client }: AnswerStatusProps) {
  const waits = live?.phase.name === 'waiting'
  const leaving = useLeaving(client, waits)
  if (live === null) return <Line text="Being answered in another tab" />
  const { phase } = live
  switch (phase.name) {
    case 'asking':
      return <Line text={client.role.value === 'connecting' ? 'Connecting' : 'Asking'} />
    case 'waiting':
      if (phase.loading !== null) {
        const { stage, fraction, loadedBytes, totalBytes, leftMs } = phase.loading
        const facts = [
          loadedBytes !== undefined && totalBytes !== undefined && totalBytes > 0
            ? `${formatBytes(loadedBytes)} of ${formatBytes(totalBytes)}`
            : `${Math.round(fraction * 100)} %`,
          leftMs === null ? null : `${formatDuration(leftMs)} left`,
        ].filter((fact) => fact !== null)
        return (
          <div class="status-load">
            <Line text={STAGES[stage]} more={facts.join(' · ')} />
            <Progress value={fraction} label={STAGES[stage]} />
            {leaving !== null && <p class="status-why">{leaving}</p>}
          </div>
        )
      }
      return (
        <div class="status-load">
          <Line text={phase.position > 1 ? `${ordinal(phase.position)} in line` : 'Next in line'} />
          <p class="status-why">{phase.why}</p>
          {leaving !== null && <p class="status-why">{leaving}</p>}
        </div>
      )
    case 'prompt':
      return phase.of > 0 && phase.tokens < phase.of ? (
        <Line
          text="Reading"
          more={`${phase.tokens.toLocaleString()} of ${phase.of.toLocaleString()} tokens`}
        />
      ) : (
        <Line text="Reading" />
      )
    case 'thinking':
    case 'answering': {
      const rate = rateSoFar(live)
      return (
        <p class="status-rate">
          {rate === null
            ? ' '
            : `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} tokens/s · ${live.tokens} tokens`}
        </p>
      )
    }
    case 'over':
      return null
  }
}

function Line({ text, more = '' }: { readonly text: string; readonly more?: string }) {
  return (
    <p class="status-line">
      <span class="status-dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span>{text}</span>
      {more !== '' && <span class="status-more">{more}</span>}
    </p>
  )
}

/** Which model is leaving to make room, in the scheduler's words, while somebody waits. */
function useLeaving(client: HostClient, waits: boolean): string | null {
  const [leaving, setLeaving] = useState<string | null>(null)
  useEffect(() => {
    if (!waits) return undefined
    const watching = client.watch((message) => {
      if (message.type === 'snapshot') {
        const runner = message.snapshot.runners.find((one) => one.state === 'unloading')
        if (runner !== undefined) setLeaving(`${nameOf(client, runner.model)} is leaving: ${runner.why}`)
        return
      }
      for (const event of message.events) {
        if (event.type === 'evicted' || event.type === 'draining')
          setLeaving(`${nameOf(client, event.model)} is leaving: ${event.why}`)
        else if (event.type === 'state' && event.from === 'unloading') setLeaving(null)
      }
    })
    return () => {
      watching[Symbol.dispose]()
      setLeaving(null)
    }
  }, [client, waits])
  return leaving
}

function nameOf(client: HostClient, model: string): string {
  return client.view.peek()?.models.find((card) => card.id === model)?.name ?? model
}

export interface AnswerProblemProps {
  readonly problem: Problem
  readonly place: Place | null
  readonly id: string
  readonly actions: MessageActions
}

/** What went wrong, what to do, and a button that does it. */
export function AnswerProblem({ problem, place, id, actions }: AnswerProblemProps) {
  const { title, advice, retry, goTo } = adviceFor(problem, place)
  return (
    <div class="problem">
      <Icon name="warning" size={18} />
      <div>
        <p class="problem-title">{title}</p>
        <p>{advice}</p>
        {problem.message !== '' && <p class="problem-words">{problem.message}</p>}
        <div class="problem-actions">
          {retry && (
            <Button size="s" icon="refresh" onClick={() => actions.retry(id)}>
              Try again
            </Button>
          )}
          {goTo === 'model-picker' && (
            <Button size="s" onClick={actions.pickModel}>
              Choose a model
            </Button>
          )}
          {goTo === 'models' && (
            <Button size="s" onClick={() => navigate({ page: 'models' })}>
              Models
            </Button>
          )}
          {goTo === 'settings' && (
            <Button size="s" onClick={() => navigate({ page: 'settings' })}>
              Settings
            </Button>
          )}
          {goTo === 'conversation-settings' && (
            <Button size="s" onClick={actions.openSettings}>
              Settings of this conversation
            </Button>
          )}
        </div>
      </div>
    </div>
  )
}

/** Who answered and what it took. */
export function AnswerFoot({ answer }: { readonly answer: AnswerRecord }) {
  const { figures, model } = answer
  const { tokensPerSecond: rate, firstMs } = figures ?? { tokensPerSecond: null, firstMs: null }
  const facts = [
    rate === null ? null : `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} tokens/s`,
    firstMs === null ? null : `first after ${secondsText(firstMs)}`,
    figures === null ? null : `${figures.tokens.toLocaleString()} tokens`,
  ].filter((fact) => fact !== null)
  const all =
    figures === null
      ? undefined
      : [
          figures.promptTokens > 0
            ? `${figures.promptTokens} tokens of prompt, ${figures.cachedTokens} of them known already`
            : null,
          figures.waitedMs > 50 ? `waited ${secondsText(figures.waitedMs)}` : null,
          figures.estimated ? 'counted by the page' : null,
        ]
          .filter((fact) => fact !== null)
          .join('; ')
  return (
    <span class="answer-foot" title={all}>
      <span class="answer-model">{model.name}</span>
      {facts.length > 0 && <span>{facts.join(' · ')}</span>}
    </span>
  )
}
