import type { Server } from 'node:http'
import type { RemoteKind } from '@berth/protocol'
import { backendContract, type ContractSubject } from '@berth/scheduler/testing'
import { describe, it, onTestFinished } from 'vitest'
import { addressOf, listen } from '../../../apps/server/src/listen.js'
import { harness } from '../../server/http/harness.js'
import { backendOf, specOf } from './scripted-server.js'

const MODELS = {
  'small:latest': { tokens: 8, tokenMs: 1, promptMs: 1 },
  'vectors:latest': { capabilities: ['embedding'] as const },
}

/** A Berth of its own, with an engine that only says words. */
async function berth(): Promise<{ server: Server; url: string }> {
  const { app } = harness({ models: MODELS, settings: { slots: 4 } })
  const any = { hostname: '127.0.0.1', port: 0 }
  const server = await listen((request) => app.fetch(request), any)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { server, url: `http://127.0.0.1:${addressOf(server, any).port}` }
}

describe.each<RemoteKind>(['berth', 'ollama', 'openai'])(
  'a remote engine of kind %s keeps the contract',
  (kind) => {
    let server: Server | undefined
    const parts = {
      slots: 2,
      embedder: 'vectors:latest',
      crash: () => {
        server?.close()
        server?.closeAllConnections()
      },
    }

    it.each(backendContract(parts))('$name', async (contractCase) => {
      const at = await berth()
      server = at.server
      const backend = backendOf(at.url, { kind })
      const subject: ContractSubject = {
        ...parts,
        backend,
        model: 'small:latest',
        missing: 'none:such',
        spec: (model, purpose, slots) => specOf(backend, model, purpose, slots),
        longPrompt: 'one two three four '.repeat(50),
        wait: (promise) => promise,
      }
      await contractCase.run(subject)
    })
  },
)
