/** What is written and not sent yet, for this tab: it survives a reload, and two tabs never write over each other's. */
const PREFIX = 'berth-draft:'

export function readDraft(conversation: string): string {
  try {
    return sessionStorage.getItem(PREFIX + conversation) ?? ''
  } catch {
    return '' // storage is switched off
  }
}

export function writeDraft(conversation: string, text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(PREFIX + conversation)
    else sessionStorage.setItem(PREFIX + conversation, text)
  } catch {
    // Switched off or full: the draft lives as long as the page.
  }
}
