import type { Clock } from '@berth/scheduler'
import { openChannel } from './channel.js'
import type { Channel } from './channel.js'
import { checkAsk } from './check-ask.js'
import { checkCall, checkMessage } from './check-message.js'
import type { Ask, AskEvent, HostCalls, HostView, WatchMessage } from './contract.js'
import { BadMessage } from './checks.js'
import type { Locks } from './locks.js'
import { Outbox } from './outbox.js'
import { names } from './wire.js'
import type { Announcement, Epoch, TabId, ToHost, ToTab } from './wire.js'

/** What the host does for tabs. */
export interface Desk {
  view(): HostView
  /** Calls the listener with the parts of the view that have changed. */
  onView(listener: (parts: Partial<HostView>) => void): Disposable
  readonly calls: HostCalls
  /** Answers through `report`; ends with a `finished` piece or `failed`, unless it is disposed of first, which cancels. */
  ask(ask: Ask, report: (event: AskEvent) => void): Disposable
  watch(listener: (message: WatchMessage) => void): Disposable
}

interface Session {
  readonly tab: TabId
  readonly channel: Channel<unknown, ToTab>
  readonly outbox: Outbox
  readonly asks: Map<string, Disposable>
  watching: Disposable | null
}

type Body<T> = T extends unknown ? Omit<T, 'epoch'> : never

/** The host's side of the channels: a session for each tab that said hello, until it is gone. */
export class TabSessions {
  readonly #desk: Desk
  readonly #epoch: Epoch
  readonly #locks: Locks
  readonly #clock: Clock
  readonly #names: ReturnType<typeof names>
  readonly #sessions = new Map<TabId, Session>()

  constructor(options: {
    readonly desk: Desk
    readonly space: string
    readonly epoch: Epoch
    readonly locks: Locks
    readonly clock: Clock
  }) {
    this.#desk = options.desk
    this.#epoch = options.epoch
    this.#locks = options.locks
    this.#clock = options.clock
    this.#names = names(options.space)
  }

  /** Listens from now on, and tells all tabs. Lives as long as the worker. */
  open(): void {
    openChannel<unknown, never>(this.#names.host(this.#epoch), (message) => this.#heard(message))
    const lobby = openChannel<unknown, Announcement>(this.#names.lobby, (message) => {
      // Its own kind of message too, from a host that was before.
      if (isHello(message)) this.#heard(message)
    })
    this.#desk.onView((parts) => {
      for (const session of this.#sessions.values()) this.#say(session, { type: 'view', parts })
    })
    lobby.post({ type: 'announce', epoch: this.#epoch })
  }

  #heard(value: unknown): void {
    let message: ToHost
    try {
      message = checkMessage(value)
    } catch (error) {
      // Nobody to tell: not even the sender is known.
      if (error instanceof BadMessage) return
      throw error
    }
    if (message.type === 'hello') {
      this.#welcome(message.tab)
      return
    }
    const session = this.#sessions.get(message.tab)
    if (session === undefined) return
    switch (message.type) {
      case 'ask':
        this.#ask(session, message.ask)
        break
      case 'cancel':
        session.asks.get(message.id)?.[Symbol.dispose]()
        session.asks.delete(message.id)
        break
      case 'call':
        void this.#call(session, message.id, message.name, message.args)
        break
      case 'watch':
        this.#watch(session, message.on)
        break
    }
  }

  #welcome(tab: TabId): void {
    let session = this.#sessions.get(tab)
    if (session === undefined) {
      const channel = openChannel<unknown, ToTab>(this.#names.tab(tab), () => undefined)
      const outbox = new Outbox(this.#clock, (batches) =>
        channel.post({ epoch: this.#epoch, type: 'asked', batches }),
      )
      const opened: Session = { tab, channel, outbox, asks: new Map(), watching: null }
      session = opened
      this.#sessions.set(tab, opened)
      void this.#locks.freed(this.#names.life(tab)).then(() => this.#gone(opened))
    }
    this.#say(session, { type: 'welcome', view: this.#desk.view() })
  }

  /** The tab was closed: nobody hears its answers any more. */
  #gone(session: Session): void {
    this.#sessions.delete(session.tab)
    for (const ask of session.asks.values()) ask[Symbol.dispose]()
    session.asks.clear()
    session.watching?.[Symbol.dispose]()
    session.outbox[Symbol.dispose]()
    session.channel.close()
  }

  #ask(session: Session, value: Ask): void {
    const { id } = value
    // Asked twice when a tab heard two welcomes: it is the same request.
    if (session.asks.has(id)) return
    const report = (event: AskEvent): void => {
      if (isLast(event)) session.asks.delete(id)
      session.outbox.add(id, event)
    }
    try {
      // An answer may come before `ask` returns, so that the place is taken first.
      session.asks.set(id, { [Symbol.dispose]: () => undefined })
      const asked = this.#desk.ask(checkAsk(value), report)
      if (session.asks.has(id)) session.asks.set(id, asked)
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error
      report({ type: 'failed', error: { from: 'host', code: 'bad-ask', message: error.message } })
    }
  }

  async #call(session: Session, id: string, name: keyof HostCalls, args: readonly unknown[]): Promise<void> {
    let failure: string | null = null
    try {
      checkCall(name, args)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked against the call's name in the line before
      await (this.#desk.calls[name] as (...args: readonly unknown[]) => Promise<void>)(...args)
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
    }
    if (this.#sessions.get(session.tab) === session)
      this.#say(session, { type: 'called', id, error: failure })
  }

  #watch(session: Session, on: boolean): void {
    session.watching?.[Symbol.dispose]()
    session.watching = on
      ? this.#desk.watch((message) => this.#say(session, { type: 'watched', message }))
      : null
  }

  #say(session: Session, body: Body<ToTab>): void {
    session.channel.post({ epoch: this.#epoch, ...body })
  }
}

function isHello(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'hello'
}

function isLast(event: AskEvent): boolean {
  return (
    event.type === 'failed' ||
    (event.type === 'pieces' && event.pieces.some((piece) => piece.type === 'finished'))
  )
}
