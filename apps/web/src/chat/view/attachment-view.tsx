import { formatBytes } from '@berth/budget'
import { useEffect, useState } from 'preact/hooks'
import { Icon, IconButton } from '../../shell/index.js'
import type { Attachment, AttachmentContent } from '../../storage/index.js'

export interface AttachmentViewProps {
  readonly file: Attachment
  readonly load: () => Promise<AttachmentContent | undefined>
  readonly onRemove?: () => void
}

/** A file that goes with a message: an image as itself, a text by its name. */
export function AttachmentView({ file, load, onRemove }: AttachmentViewProps) {
  const address = useImage(file, load)
  return (
    <div class={address === null ? 'attachment' : 'attachment attachment-image'}>
      {address === null ? (
        <Icon name={file.kind === 'image' ? 'image' : 'file'} size={18} />
      ) : (
        <img src={address} alt={file.name} />
      )}
      {address === null && (
        <span class="attachment-name" dir="auto">
          {file.name}
          <small>{formatBytes(file.bytes)}</small>
        </span>
      )}
      {onRemove !== undefined && (
        <IconButton icon="close" label={`Remove ${file.name}`} size="s" onClick={onRemove} />
      )}
    </div>
  )
}

/** The address of an image that is shown; it is given up when the image is not shown any more. */
function useImage(file: Attachment, load: AttachmentViewProps['load']): string | null {
  const [address, setAddress] = useState<string | null>(null)
  useEffect(() => {
    if (file.kind !== 'image') return undefined
    let made: string | null = null
    let gone = false
    void load().then((content) => {
      if (gone || content === undefined || typeof content === 'string') return
      made = URL.createObjectURL(new Blob([content], { type: file.type }))
      setAddress(made)
    })
    return () => {
      gone = true
      if (made !== null) URL.revokeObjectURL(made)
    }
  }, [file.id])
  return address
}
