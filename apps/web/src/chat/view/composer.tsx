import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ModelCard } from '../../host/index.js'
import { IconButton, toastError } from '../../shell/index.js'
import { imageRefusal, readAttachment } from '../attachments.js'
import type { NewFile } from '../open-chat.js'
import { AttachmentView } from './attachment-view.js'
import { readDraft, writeDraft } from './draft.js'
import './composer.css'

export interface ComposerProps {
  /** The conversation, whose draft this is. */
  readonly id: string
  readonly card: ModelCard | null
  /** Whether models are not known yet. */
  readonly connecting: boolean
  /** Whether an answer is being written. */
  readonly writing: boolean
  readonly onSend: (text: string, files: readonly NewFile[]) => void
  readonly onStop: () => void
  /** The up arrow in an empty field. */
  readonly onEditLast: () => void
  /** Chosen among the suggestions; taken over when it changes. */
  readonly suggestion: string
}

/** Where one writes: Enter sends, Shift+Enter begins a line, Escape stops the answer, the up arrow edits the last message. */
export function Composer({
  id,
  card,
  connecting,
  writing,
  onSend,
  onStop,
  onEditLast,
  suggestion,
}: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const [text, setText] = useState(() => readDraft(id))
  const [files, setFiles] = useState<readonly NewFile[]>([])

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus()
  }, [id])
  useEffect(() => {
    if (suggestion === '') return
    setText(suggestion)
    field.current?.focus()
  }, [suggestion])
  useLayoutEffect(() => {
    const area = field.current
    if (area === null) return
    area.style.height = 'auto'
    area.style.height = `${area.scrollHeight}px`
    writeDraft(id, text)
  }, [text])

  const refusal = files.flatMap((file) =>
    file.kind === 'image' ? (imageRefusal({ ...file, size: file.bytes }, card) ?? []) : [],
  )[0]
  const sendable =
    card !== null && !writing && refusal === undefined && (text.trim() !== '' || files.length > 0)
  const attach = (chosen: Iterable<File>) => {
    for (const file of chosen)
      void readAttachment(file, card).then((read) => setFiles((now) => [...now, read]), toastError)
  }
  const send = () => {
    if (!sendable) return
    onSend(text.trim(), files)
    setText('')
    // Now, since a first message may move the conversation to its own address before the next render.
    writeDraft(id, '')
    setFiles([])
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    } else if (event.key === 'ArrowUp' && text === '' && !writing) {
      event.preventDefault()
      onEditLast()
    }
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        attach(event.dataTransfer?.files ?? [])
      }}
    >
      {files.length > 0 && (
        <div class="composer-files">
          {files.map((file) => (
            <AttachmentView
              key={file.id}
              file={file}
              load={async () => file.content}
              onRemove={() => setFiles((now) => now.filter((one) => one.id !== file.id))}
            />
          ))}
        </div>
      )}
      {refusal !== undefined && (
        <p class="composer-refusal" role="alert">
          {refusal.replace('was not attached', 'cannot be sent')}
        </p>
      )}
      <textarea
        ref={field}
        class="composer-text"
        aria-label="Message"
        placeholder={
          card === null ? (connecting ? 'Connecting…' : 'Choose a model to begin') : `Message ${card.name}`
        }
        dir="auto"
        rows={1}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKey}
        onPaste={(event) => {
          const pasted = [...(event.clipboardData?.files ?? [])]
          if (pasted.length === 0) return
          event.preventDefault()
          attach(pasted)
        }}
      />
      <div class="composer-foot">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Files to attach"
          onChange={(event) => {
            attach([...(event.currentTarget.files ?? [])])
            event.currentTarget.value = ''
          }}
        />
        <IconButton icon="paperclip" label="Attach files" onClick={() => picker.current?.click()} />
        {writing ? (
          <IconButton
            class="composer-send composer-stop"
            icon="stop"
            label="Stop (Escape)"
            onClick={onStop}
          />
        ) : (
          <IconButton class="composer-send" type="submit" icon="send" label="Send" disabled={!sendable} />
        )}
      </div>
    </form>
  )
}
