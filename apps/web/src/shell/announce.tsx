import { signal } from '@preact/signals'

type Manner = 'polite' | 'assertive'

const said = { polite: signal(''), assertive: signal('') }

/**
 * Has a screen reader say a text that nothing visible says. `assertive` interrupts: for errors only.
 * The same text twice is said twice.
 */
export function announce(text: string, manner: Manner = 'polite'): void {
  const region = said[manner]
  // A region is read out when its text changes; a space at the end that nobody hears makes it another one.
  region.value = region.peek() === text ? `${text} ` : text
}

/** What `announce` speaks through; once in the page, and there from the beginning. */
export function LiveRegions() {
  return (
    <>
      <div class="visually-hidden" role="status" aria-live="polite">
        {said.polite}
      </div>
      <div class="visually-hidden" role="alert" aria-live="assertive">
        {said.assertive}
      </div>
    </>
  )
}
