import type { Settings } from '../storage/index.js'

type Theme = Settings['theme']

/**
 * Where the theme is kept beside the settings: they can only be read after a while, and public/theme.js
 * needs it before the first paint.
 */
const KEY = 'berth-theme'

/** Shows a theme now, and at once on the next visit. */
export function showTheme(theme: Theme): void {
  const root = document.documentElement
  if (theme === 'system') root.removeAttribute('data-theme')
  else root.setAttribute('data-theme', theme)
  try {
    if (theme === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, theme)
  } catch {
    // Storage that is switched off: the next visit begins with the system's colours.
  }
}
