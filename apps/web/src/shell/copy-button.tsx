import { useEffect, useState } from 'preact/hooks'
import { announce } from './announce.js'
import { IconButton } from './button.js'
import { toastError } from './toast.js'

export interface CopyButtonProps {
  readonly text: () => string
  readonly label: string
}

const SHOWN_MS = 1_600

/** Copies, and shows for a moment that it has. */
export function CopyButton({ text, label }: CopyButtonProps) {
  const [copied, setCopied] = useState(0)
  useEffect(() => {
    if (copied === 0) return undefined
    const timer = setTimeout(() => setCopied(0), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text())
      setCopied((count) => count + 1)
      announce('Copied')
    } catch (error) {
      toastError(error)
    }
  }
  return (
    <IconButton icon={copied > 0 ? 'check' : 'copy'} label={label} size="s" onClick={() => void copy()} />
  )
}
