import { useEffect, useRef, useState } from 'preact/hooks'
import { Button, CopyButton, Icon, IconButton } from '../../shell/index.js'
import type { AnswerRecord } from '../../storage/index.js'
import { Markdown } from '../markdown/markdown-later.js'
import type { OpenChat } from '../open-chat.js'
import { AnswerFoot, AnswerProblem, AnswerStatus } from './answer-status.js'
import { AttachmentView } from './attachment-view.js'
import './message-view.css'

/** What can be done with a message. */
export interface MessageActions {
  readonly edit: (id: string | null) => void
  readonly resend: (id: string, text: string) => void
  readonly regenerate: (id: string) => void
  readonly goOn: (id: string) => void
  /** Asks again for an answer that has no text, in its place; for one that has, as another branch. */
  readonly retry: (id: string) => void
  readonly showBranch: (id: string) => void
  readonly pickModel: () => void
  readonly openSettings: () => void
}

export interface MessageViewProps {
  readonly chat: OpenChat
  readonly id: string
  readonly actions: MessageActions
  /** Whether it is the end of the shown branch. */
  readonly last: boolean
  readonly editing: boolean
  /** From 1. */
  readonly position: number
  readonly count: number
}

export function MessageView(props: MessageViewProps) {
  const { chat, id, last, position, count } = props
  const message = chat.message(id)?.value
  if (message === undefined) return null
  const mine = message.role === 'user'
  return (
    <article
      class={`message message-${message.role} ${last ? 'message-last' : ''}`}
      data-id={id}
      aria-posinset={position}
      aria-setsize={count}
      aria-label={mine ? 'You' : (message.answer?.model.name ?? 'Answer')}
    >
      <h2 class="visually-hidden">
        {mine ? 'You said' : `${message.answer?.model.name || 'The model'} said`}
      </h2>
      {mine ? <Question {...props} /> : <Answer {...props} />}
    </article>
  )
}

function Question({ chat, id, actions, editing }: MessageViewProps) {
  const message = chat.message(id)?.value
  if (message === undefined) return null
  if (editing) return <EditMessage chat={chat} id={id} actions={actions} />
  return (
    <>
      {message.attachments.length > 0 && (
        <div class="message-files">
          {message.attachments.map((file) => (
            <AttachmentView
              key={file.id}
              file={file}
              load={async () => (await chat.filesOf([message])).get(file.id)}
            />
          ))}
        </div>
      )}
      {message.text !== '' && (
        <div class="bubble">
          {message.text.split(/\n{2,}/).map((part, index) => (
            // A text that was sent never changes: its parts keep their places.
            // eslint-disable-next-line react/no-array-index-key
            <p key={index} dir="auto">
              {part}
            </p>
          ))}
        </div>
      )}
      <div class="message-tools">
        <Branches chat={chat} id={id} actions={actions} />
        <CopyButton text={() => message.text} label="Copy message" />
        <IconButton icon="edit" label="Edit message" size="s" onClick={() => actions.edit(id)} />
      </div>
    </>
  )
}

function EditMessage({ chat, id, actions }: Pick<MessageViewProps, 'chat' | 'id' | 'actions'>) {
  const field = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useState(chat.message(id)?.peek().text ?? '')
  useEffect(() => {
    const area = field.current
    area?.focus()
    area?.setSelectionRange(area.value.length, area.value.length)
    area?.scrollIntoView({ block: 'nearest' })
  }, [])
  const send = () => {
    if (text.trim() !== '') actions.resend(id, text.trim())
  }
  return (
    <form
      class="message-edit"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        ref={field}
        class="input"
        aria-label="Edit message"
        dir="auto"
        rows={Math.min(12, text.split('\n').length + 1)}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.preventDefault()
            event.stopPropagation()
            actions.edit(null)
          } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
            event.preventDefault()
            send()
          }
        }}
      />
      <div class="message-edit-foot">
        <Button variant="ghost" size="s" onClick={() => actions.edit(null)}>
          Cancel
        </Button>
        <Button type="submit" variant="primary" size="s" disabled={text.trim() === ''}>
          Send
        </Button>
      </div>
    </form>
  )
}

function Answer({ chat, id, actions, last }: MessageViewProps) {
  const message = chat.message(id)?.value
  const live = chat.live.value.get(id)?.value
  if (message?.answer == null) return null
  const { answer } = message
  const writing = answer.state === 'writing'
  const text = live?.text ?? message.text
  const thinking = live?.thinking ?? answer.thinking
  return (
    <>
      {thinking !== '' && <Thinking text={thinking} now={writing && text === ''} />}
      {text !== '' && <Markdown text={text} done={!writing} />}
      {writing && <AnswerStatus live={live ?? null} client={chat.client} />}
      {answer.problem !== null && (
        <AnswerProblem problem={answer.problem} place={answer.model.place} id={id} actions={actions} />
      )}
      {answer.state === 'interrupted' && answer.problem === null && (
        <p class="message-note">
          <Icon name="info" size={16} /> Interrupted: the page was closed before the answer was complete.
        </p>
      )}
      {answer.cut && (
        <p class="message-note">
          <Icon name="info" size={16} /> The answer reached its longest length.
        </p>
      )}
      {answer.state === 'done' && text === '' && thinking === '' && (
        <p class="message-note">The model gave an empty answer.</p>
      )}
      {!writing && (
        <div class="message-tools">
          <Branches chat={chat} id={id} actions={actions} />
          {text !== '' && <CopyButton text={() => message.text} label="Copy answer" />}
          <IconButton icon="refresh" label="Answer again" size="s" onClick={() => actions.regenerate(id)} />
          {last && unfinished(answer) && (
            <Button size="s" onClick={() => (text === '' ? actions.retry : actions.goOn)(id)}>
              {text === '' ? 'Try again' : 'Go on'}
            </Button>
          )}
          <AnswerFoot answer={answer} />
        </div>
      )}
    </>
  )
}

function unfinished(answer: AnswerRecord): boolean {
  return answer.cut || answer.state === 'stopped' || answer.state === 'interrupted'
}

function Thinking({ text, now }: { readonly text: string; readonly now: boolean }) {
  return (
    <details class="thinking">
      <summary>
        <Icon name="chevron-right" size={16} />
        <span class={now ? 'thinking-now' : ''}>{now ? 'Thinking…' : 'Thoughts'}</span>
      </summary>
      <div class="thinking-text">
        <Markdown text={text} done={!now} />
      </div>
    </details>
  )
}

function Branches({ chat, id, actions }: Pick<MessageViewProps, 'chat' | 'id' | 'actions'>) {
  const { index, ids } = chat.siblings(id)
  if (ids.length < 2) return null
  const go = (to: number) => {
    const other = ids[to]
    if (other !== undefined) actions.showBranch(other)
  }
  return (
    <div class="branches" role="group" aria-label="Versions of this message">
      <IconButton
        icon="chevron-left"
        label="Previous version"
        size="s"
        disabled={index === 0}
        onClick={() => go(index - 1)}
      />
      <span>
        {index + 1}/{ids.length}
      </span>
      <IconButton
        icon="chevron-right"
        label="Next version"
        size="s"
        disabled={index === ids.length - 1}
        onClick={() => go(index + 1)}
      />
    </div>
  )
}
