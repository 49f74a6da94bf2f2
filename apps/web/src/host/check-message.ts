import { flag, list, name, oneOf, record } from './checks.js'
import type { HostCalls } from './contract.js'
import type { ToHost } from './wire.js'

/** What the arguments of each call must be. */
const CALLS: { readonly [K in keyof HostCalls]: (args: readonly unknown[]) => void } = {
  download: ([model]) => name(model, 'model'),
  pauseDownload: ([model]) => name(model, 'model'),
  cancelDownload: ([model]) => name(model, 'model'),
  deleteModel: ([model]) => name(model, 'model'),
  preload: ([model]) => name(model, 'model'),
  unload: ([model]) => name(model, 'model'),
  pin: ([model, pinned]) => {
    name(model, 'model')
    flag(pinned, 'pinned')
  },
  cancelRequest: ([id]) => name(id, 'id'),
  reclass: ([id, to]) => {
    name(id, 'id')
    oneOf(to, 'class', ['interactive', 'normal', 'batch'])
  },
  settingsChanged: () => undefined,
  refresh: () => undefined,
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys are what the type of `CALLS` says, and no others
const CALL_NAMES = Object.keys(CALLS) as readonly (keyof HostCalls)[]

/**
 * A message of a tab. Of an `ask` only the frame is looked at here (`checkAsk` does the rest), so that a wrong
 * one can be answered with its error.
 * @throws BadMessage
 */
export function checkMessage(value: unknown): ToHost {
  const message = record(value, 'message')
  name(message['tab'], 'message.tab')
  switch (oneOf(message['type'], 'message.type', ['hello', 'ask', 'cancel', 'call', 'watch'])) {
    case 'hello':
      break
    case 'ask':
      name(record(message['ask'], 'message.ask')['id'], 'message.ask.id')
      break
    case 'cancel':
      name(message['id'], 'message.id')
      break
    case 'call':
      name(message['id'], 'message.id')
      oneOf(message['name'], 'message.name', CALL_NAMES)
      list(message['args'], 'message.args', (arg) => arg)
      break
    case 'watch':
      flag(message['on'], 'message.on')
      break
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its fields were checked above
  return value as ToHost
}

/** @throws BadMessage for arguments that the call cannot take. */
export function checkCall(call: keyof HostCalls, args: readonly unknown[]): void {
  CALLS[call](args)
}
