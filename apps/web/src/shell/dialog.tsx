import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Button, IconButton } from './button.js'
import './dialog.css'

export interface DialogProps {
  readonly open: boolean
  /** Asked for by Escape, the close button or a click beside it. */
  readonly onClose: () => void
  readonly title: string
  readonly children: ComponentChildren
  /** Buttons at its foot. */
  readonly actions?: ComponentChildren
  readonly wide?: boolean
}

/** Modal: the browser keeps the focus in it and gives it back, and the rest of the page is out of reach. */
export function Dialog({ open, onClose, title, children, actions, wide = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    const dialog = element.current
    if (dialog === null || !open) return undefined
    dialog.showModal()
    return () => dialog.close()
  }, [open])
  if (!open) return null
  return (
    <dialog
      ref={element}
      class={wide ? 'dialog dialog-wide' : 'dialog'}
      aria-labelledby={heading}
      onCancel={(event) => {
        // It stays until whoever opened it says otherwise.
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => {
        // A click on the element itself is one on its backdrop: its inside is covered by the frame.
        if (event.target === element.current) onClose()
      }}
    >
      <div class="dialog-frame">
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <IconButton icon="close" label="Close" size="s" onClick={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
        {actions !== undefined && <footer class="dialog-foot">{actions}</footer>}
      </div>
    </dialog>
  )
}

export interface Question {
  readonly title: string
  readonly body: ComponentChildren
  /** What the button says that does it: a verb, such as "Delete". */
  readonly action: string
  readonly danger?: boolean
}

const asked = signal<(Question & { readonly answer: (yes: boolean) => void }) | null>(null)

/** Asks whether to go on. One question at a time: a second one answers the first with no. */
export async function confirm(question: Question): Promise<boolean> {
  asked.peek()?.answer(false)
  return await new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = null
        resolve(yes)
      },
    }
  })
}

/** Where `confirm` asks; once in the page. */
export function Questions() {
  const question = asked.value
  if (question === null) return null
  return (
    <Dialog
      open
      title={question.title}
      onClose={() => question.answer(false)}
      actions={
        <>
          <Button onClick={() => question.answer(false)} autofocus>
            Cancel
          </Button>
          <Button variant={question.danger ? 'danger' : 'primary'} onClick={() => question.answer(true)}>
            {question.action}
          </Button>
        </>
      }
    >
      {question.body}
    </Dialog>
  )
}
