import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import { toastError } from './toast.js'

/**
 * A component whose program comes when it is first shown, for what few open and nobody at first.
 * @param Meanwhile shown until it has come
 */
export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  Meanwhile: ComponentType,
): ComponentType<Props> {
  const loaded = signal<{ readonly Here: ComponentType<Props> } | null>(null)
  return function Later(props: Props) {
    const come = loaded.value
    useEffect(() => {
      if (come === null) load().then((Here) => (loaded.value = { Here }), toastError)
    }, [])
    return come === null ? <Meanwhile /> : <come.Here {...props} />
  }
}
