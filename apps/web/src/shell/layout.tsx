import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { LiveRegions } from './announce.js'
import { Button, IconButton } from './button.js'
import { Questions } from './dialog.js'
import { Icon, Mark, type IconName } from './icons.js'
import { hrefOf, navigate, route, type Route } from './route.js'
import { closeDrawer, narrow, sidebarOpen, toggleSidebar, toggles } from './sidebar.js'
import { Toasts } from './toast.js'
import './tokens.css'
import './base.css'
import './layout.css'

export interface LayoutProps {
  /** What the sidebar shows between "New chat" and the other pages. */
  readonly sidebar: ComponentChildren
  readonly children: ComponentChildren
}

/** Sidebar, page, and what belongs to all pages. */
export function Layout({ sidebar, children }: LayoutProps) {
  const main = useRef<HTMLElement>(null)
  const panel = useRef<HTMLElement>(null)
  const drawn = narrow.value && sidebarOpen.value
  useLayoutEffect(() => {
    if (!drawn) return undefined
    const before = document.activeElement
    panel.current?.querySelector<HTMLElement>('button, a')?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [drawn])
  const toggled = toggles.value
  useEffect(() => {
    // Beside the page, each of the two buttons goes with its click: the other takes the focus over.
    if (toggled === 0 || narrow.peek()) return
    const there = sidebarOpen.peek() ? panel.current : main.current
    there?.querySelector<HTMLElement>('[aria-controls=sidebar]')?.focus()
  }, [toggled])
  // Whatever leads to another place has done what the drawer was opened for.
  useEffect(() => route.subscribe(closeDrawer), [])
  useTitle()
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && drawn && !event.defaultPrevented) closeDrawer()
  }
  return (
    <div class={sidebarOpen.value ? 'shell shell-open' : 'shell'} onKeyDown={onKey}>
      <button type="button" class="shell-skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      {drawn && <div class="shell-backdrop" onClick={closeDrawer} />}
      <aside
        class="shell-sidebar"
        id="sidebar"
        aria-label="Sidebar"
        ref={panel}
        {...inertIf(!sidebarOpen.value)}
      >
        <div class="shell-brand">
          <Mark size={26} />
          <span>Berth</span>
          <IconButton
            icon="sidebar"
            label="Hide the sidebar"
            aria-expanded={sidebarOpen.value}
            aria-controls="sidebar"
            onClick={toggleSidebar}
          />
        </div>
        <Button
          icon="compose"
          class="shell-new"
          onClick={() => {
            navigate({ page: 'chat', id: null })
            closeDrawer()
          }}
        >
          New chat
        </Button>
        <div class="shell-list">{sidebar}</div>
        <nav class="shell-nav" aria-label="Pages">
          <NavLink to={{ page: 'models' }} icon="box" text="Models" />
          <NavLink to={{ page: 'activity' }} icon="activity" text="Activity" />
          <NavLink to={{ page: 'planner' }} icon="bars" text="Planner" />
          <NavLink to={{ page: 'settings' }} icon="settings" text="Settings" />
        </nav>
      </aside>
      <main class="shell-main" tabIndex={-1} ref={main} {...inertIf(drawn)}>
        {children}
      </main>
      <Questions />
      <Toasts />
      <LiveRegions />
    </div>
  )
}

const inertIf = (condition: boolean): object => (condition ? { inert: true } : {})

function NavLink({ to, icon, text }: { readonly to: Route; readonly icon: IconName; readonly text: string }) {
  const here = route.value.page === to.page
  return (
    <a class="shell-link" href={hrefOf(to)} aria-current={here ? 'page' : undefined}>
      <Icon name={icon} /> {text}
    </a>
  )
}

const TITLES: Readonly<Record<Route['page'], string>> = {
  chat: 'Berth',
  models: 'Models · Berth',
  activity: 'Activity · Berth',
  planner: 'Planner · Berth',
  settings: 'Settings · Berth',
}

function useTitle(): void {
  const { page } = route.value
  useEffect(() => {
    document.title = TITLES[page]
  }, [page])
}

export interface PageHeaderProps {
  readonly title: string
  /** Says it to screen readers only, where the page shows something else in its place. */
  readonly hideTitle?: boolean
  readonly children?: ComponentChildren
}

/** The bar at the top of a page, with the way to the sidebar where that is hidden. */
export function PageHeader({ title, hideTitle = false, children }: PageHeaderProps) {
  return (
    <header class="page-header">
      {/* Under the drawer it stays, for the focus to come back to. */}
      {(narrow.value || !sidebarOpen.value) && (
        <IconButton
          icon={narrow.value ? 'menu' : 'sidebar'}
          label="Show the sidebar"
          aria-expanded={sidebarOpen.value}
          aria-controls="sidebar"
          onClick={toggleSidebar}
        />
      )}
      <h1 class={hideTitle ? 'visually-hidden' : 'page-title'}>{title}</h1>
      {children}
    </header>
  )
}
