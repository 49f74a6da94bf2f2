import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { HostClient } from '../host/index.js'

/** Hands the host to all pages. */
export const HostContext = createContext<HostClient | null>(null)

export function useHost(): HostClient {
  const host = useContext(HostContext)
  if (host === null) throw new Error('useHost: no HostContext.Provider above')
  return host
}
