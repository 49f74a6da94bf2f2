import type { GenerateJob } from '@berth/scheduler'
import type { Dialect, Exchange } from './dialect.js'
import { NativeModels } from './native-models.js'
import { NativeReader, nativeVectors } from './native-reader.js'
import { nativeEmbed, nativeRequest, type NativeKind } from './native-request.js'
import { openAiModels } from './openai-models.js'
import { OpenAiReader, openAiVectors } from './openai-reader.js'
import { openAiEmbed, openAiRequest } from './openai-request.js'

/** What a server is: Berth and Ollama speak Ollama's API; `openai` is any server that speaks OpenAI's. */
export type RemoteKind = NativeKind | 'openai'

export function dialectOf(kind: RemoteKind): Dialect {
  return kind === 'openai' ? openAi() : native(kind)
}

function native(kind: NativeKind): Dialect {
  const models = new NativeModels()
  return {
    alivePath: '/api/version',
    showPath: '/api/show',
    models: (ask) => models.list(ask),
    generate: (model, job) =>
      kind === 'berth' && isToBeForced(job)
        ? generateOpenAi(model, job)
        : { ...nativeRequest(kind, model, job), reader: new NativeReader() },
    embed: nativeEmbed,
    vectors: nativeVectors,
  }
}

function openAi(): Dialect {
  return {
    alivePath: '/v1/models',
    showPath: null,
    models: openAiModels,
    generate: generateOpenAi,
    embed: openAiEmbed,
    vectors: openAiVectors,
  }
}

/** Only OpenAI's API has a word for that. Berth speaks it too, and does as it says; Ollama does not. */
const isToBeForced = ({ prompt }: GenerateJob): boolean =>
  prompt.kind === 'messages' && prompt.toolChoice !== undefined

function generateOpenAi(model: string, job: GenerateJob): Exchange {
  return { ...openAiRequest(model, job), reader: new OpenAiReader() }
}
