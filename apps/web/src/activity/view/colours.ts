import { useEffect, useState } from 'preact/hooks'

/** Canvases know no variables of CSS: this tells the element's own values, and counts how often the theme changed. */
export function useThemeChanges(): number {
  const [changes, setChanges] = useState(0)
  useEffect(() => {
    const changed = (): void => setChanges((before) => before + 1)
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', changed)
    const watching = new MutationObserver(changed)
    watching.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      dark.removeEventListener('change', changed)
      watching.disconnect()
    }
  }, [])
  return changes
}

/**
 * A colour of the page as a canvas takes it. A custom property keeps `light-dark()` as it was written; only where
 * it is used does it become a colour.
 */
export function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
