import { signal, type ReadonlySignal } from '@preact/signals'

/** Below this the sidebar is a drawer over the page. */
const NARROW = '(max-width: 899px)'

const isNarrow = signal(false)
const isOpen = signal(true)

/** Whether the page is too narrow for a sidebar beside it. */
export const narrow: ReadonlySignal<boolean> = isNarrow

export const sidebarOpen: ReadonlySignal<boolean> = isOpen

/** Begins to follow the page's width; disposing of it ends that. */
export function followWidth(): Disposable {
  const query = matchMedia(NARROW)
  const follow = (): void => {
    isNarrow.value = query.matches
    isOpen.value = !query.matches
  }
  follow()
  query.addEventListener('change', follow)
  return { [Symbol.dispose]: () => query.removeEventListener('change', follow) }
}

/** How often it was asked for or put away by hand. */
export const toggles = signal(0)

export function toggleSidebar(): void {
  toggles.value += 1
  isOpen.value = !isOpen.peek()
}

/** Shows the sidebar, as a drawer where the page is narrow. */
export function openSidebar(): void {
  isOpen.value = true
}

/** Closes the drawer of a narrow page; a sidebar beside the page stays. */
export function closeDrawer(): void {
  if (isNarrow.peek()) isOpen.value = false
}
