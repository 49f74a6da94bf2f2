import type { RequestClass } from '@berth/scheduler'
import { confirm, toast, toastError } from '../../shell/index.js'
import type { Actions, Rights } from '../source/source.js'

/** What the buttons do: each asks first, and says what came of it. */
export interface Acting {
  readonly actions: Actions
  readonly rights: Rights
}

/** Why somebody may not do what only administrators may; undefined where they may. */
export function whyNotAdmin({ admin }: Rights): string | undefined {
  return admin ? undefined : 'This needs an admin key'
}

/** Why somebody may not end or lower a request; undefined where they may. */
export function whyNotTheirs({ admin, client }: Rights, whose: string): string | undefined {
  return admin || client === whose ? undefined : 'Another’s request: this needs an admin key'
}

export async function pin({ actions }: Acting, model: string, name: string, pinned: boolean): Promise<void> {
  const yes = await confirm({
    title: pinned ? `Keep ${name} loaded?` : `Do not keep ${name} loaded any more?`,
    body: pinned
      ? 'It stays in memory whatever its keep-alive is and whoever wants its memory, until it is let go again.'
      : 'Its keep-alive counts again, and others may have its memory when it is idle.',
    action: pinned ? 'Keep' : 'Let go',
  })
  if (yes) await attempt(actions.pin(model, pinned), pinned ? `${name} is kept loaded.` : `${name} may go.`)
}

export async function unload({ actions }: Acting, model: string, name: string): Promise<void> {
  const yes = await confirm({
    title: `Unload ${name}?`,
    body: 'What it answers now is finished first; the next request for it has to wait until it is loaded again.',
    action: 'Unload',
    danger: true,
  })
  if (yes) await attempt(actions.unload(model), `${name} is unloaded.`)
}

export async function cancel({ actions }: Acting, request: string, runs: boolean): Promise<void> {
  const yes = await confirm({
    title: `Cancel request ${request}?`,
    body: runs
      ? 'Its answer ends here; whoever asked is told that it was cancelled.'
      : 'It leaves the queue without an answer; whoever asked is told that it was cancelled.',
    action: 'Cancel the request',
    danger: true,
  })
  if (yes) await attempt(actions.cancel(request), `Request ${request} is cancelled.`)
}

export async function reclass(
  { actions }: Acting,
  request: string,
  from: RequestClass,
  to: RequestClass,
): Promise<void> {
  const raises = CLASSES.indexOf(to) < CLASSES.indexOf(from)
  const yes = await confirm({
    title: `${raises ? 'Raise' : 'Lower'} request ${request} to ${to}?`,
    body: raises
      ? `It is ${from} now. It goes before those of lesser classes, which wait the longer for it.`
      : `It is ${from} now. Those of higher classes go before it, for as long as aging lets them.`,
    action: raises ? 'Raise' : 'Lower',
  })
  if (yes) await attempt(actions.reclass(request, to), `Request ${request} is ${to} now.`)
}

/** From the most urgent on. */
const CLASSES: readonly RequestClass[] = ['interactive', 'normal', 'batch']

/** The class above or below one; null at the end. */
export function neighbour(of: RequestClass, step: -1 | 1): RequestClass | null {
  return CLASSES[CLASSES.indexOf(of) + step] ?? null
}

async function attempt(doing: Promise<void>, done: string): Promise<void> {
  try {
    await doing
    toast(done, { kind: 'ok' })
  } catch (error) {
    toastError(error)
  }
}
