import { DEFAULT_SETTINGS } from '@berth/scheduler'
import { z } from 'zod'
import { DEFAULT_ADDRESS, parseListenAddress } from './listen-address.js'
import { schedulingSettings } from './scheduling-settings.js'
import {
  bytesSetting,
  choiceSetting,
  countSetting,
  durationSetting,
  listSetting,
  setting,
  textSetting,
} from './setting.js'
import { upstreamsSetting } from './upstream-setting.js'

const MINUTE = 60_000

/** Each setting's key is its name in a configuration file. Times are milliseconds, sizes bytes. */
export const ConfigSchema = z.strictObject({
  host: setting(
    {
      env: ['BERTH_HOST', 'OLLAMA_HOST'],
      flag: 'host',
      value: 'address',
      help: 'where to listen, with or without a port (127.0.0.1:11434)',
    },
    'an address such as "127.0.0.1", "0.0.0.0:11434" or "[::1]:11434"',
    DEFAULT_ADDRESS,
    (raw) => parseListenAddress(String(raw)),
  ),
  port: setting<number | undefined>(
    { env: ['BERTH_PORT'], flag: 'port', value: 'port', help: 'the port, whatever the address says' },
    'a port from 0 to 65535 (0: any free one)',
    undefined,
    (raw) => (/^\d{1,5}$/.test(String(raw)) && Number(raw) <= 65_535 ? Number(raw) : undefined),
  ),
  models: textSetting(
    {
      env: ['BERTH_MODELS'],
      flag: 'models',
      value: 'folder',
      help: "Berth's own model store, in Ollama's layout (~/.berth/models)",
    },
    undefined,
  ),
  ollamaModels: textSetting(
    {
      env: ['OLLAMA_MODELS'],
      flag: 'ollama-models',
      value: 'folder',
      help: "a store of Ollama's, only read; ~/.ollama/models and its service's are read as well",
    },
    undefined,
  ),
  ggufFolders: listSetting({
    env: ['BERTH_GGUF_FOLDERS'],
    flag: 'gguf-folders',
    value: 'folders',
    help: 'folders of plain .gguf files to offer as well, with commas between them',
  }),
  webModels: textSetting(
    {
      env: ['BERTH_WEB_MODELS'],
      flag: 'web-models',
      value: 'folder',
      help: 'models for browsers, as npm run webllm-model makes them (web-models beside the store)',
    },
    undefined,
  ),
  upstreams: upstreamsSetting({
    env: ['BERTH_UPSTREAMS'],
    flag: 'upstreams',
    value: 'list',
    help: 'other servers whose models are offered as well: addresses with commas between them, or JSON',
  }),
  firstModel: choiceSetting(
    {
      env: ['BERTH_FIRST_MODEL'],
      flag: 'first-model',
      value: 'auto|off',
      help: 'whether to get a small model where there is none (auto)',
    },
    'auto',
    ['auto', 'off'],
    { '0': 'off', false: 'off', no: 'off', '1': 'auto', true: 'auto', on: 'auto' },
  ),
  keepAlive: durationSetting(
    {
      env: ['BERTH_KEEP_ALIVE', 'OLLAMA_KEEP_ALIVE'],
      flag: 'keep-alive',
      value: 'duration',
      help: 'how long an idle model stays loaded; negative: for ever (5m)',
    },
    DEFAULT_SETTINGS.keepAliveMs,
    -1,
  ),
  loadTimeout: durationSetting(
    {
      env: ['BERTH_LOAD_TIMEOUT', 'OLLAMA_LOAD_TIMEOUT'],
      flag: 'load-timeout',
      value: 'duration',
      help: 'end a load that makes no progress for so long; negative: never (5m)',
    },
    DEFAULT_SETTINGS.loadStallMs,
    Number.POSITIVE_INFINITY,
  ),
  maxQueue: countSetting(
    {
      env: ['BERTH_MAX_QUEUE', 'OLLAMA_MAX_QUEUE'],
      flag: 'max-queue',
      value: 'count',
      help: 'most requests that wait at one time (512)',
    },
    DEFAULT_SETTINGS.maxQueue,
  ),
  ...schedulingSettings,
  maxLoadedModels: countSetting(
    {
      env: ['BERTH_MAX_LOADED_MODELS', 'OLLAMA_MAX_LOADED_MODELS'],
      flag: 'max-loaded-models',
      value: 'count',
      help: 'most models in memory at one time; 0: as many as fit (0)',
    },
    DEFAULT_SETTINGS.maxLoaded,
  ),
  numParallel: countSetting(
    {
      env: ['BERTH_NUM_PARALLEL', 'OLLAMA_NUM_PARALLEL'],
      flag: 'num-parallel',
      value: 'count',
      help: 'requests at a time on one model; 0: by the memory that is free, up to 4 (0)',
    },
    DEFAULT_SETTINGS.slots,
    0,
    256,
  ),
  contextLength: countSetting(
    {
      env: ['BERTH_CONTEXT_LENGTH', 'OLLAMA_CONTEXT_LENGTH'],
      flag: 'context-length',
      value: 'tokens',
      help: 'tokens of context where a request names none; 0: 4096 (0)',
    },
    0,
  ),
  flashAttention: choiceSetting(
    {
      env: ['BERTH_FLASH_ATTENTION', 'OLLAMA_FLASH_ATTENTION'],
      flag: 'flash-attention',
      value: 'auto|on|off',
      help: 'flash attention; auto leaves it to the engine (auto)',
    },
    'auto',
    ['auto', 'on', 'off'],
    { '1': 'on', true: 'on', t: 'on', '0': 'off', false: 'off', f: 'off' },
  ),
  kvCacheType: choiceSetting(
    {
      env: ['BERTH_KV_CACHE_TYPE', 'OLLAMA_KV_CACHE_TYPE'],
      flag: 'kv-cache-type',
      value: 'type',
      help: 'element type of the KV cache: f16, q8_0, q4_0 ... (f16)',
    },
    DEFAULT_SETTINGS.kvType,
    ['f32', 'f16', 'bf16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0', 'iq4_nl'],
  ),
  gpuOverhead: bytesSetting(
    {
      env: ['BERTH_GPU_OVERHEAD', 'OLLAMA_GPU_OVERHEAD'],
      flag: 'gpu-overhead',
      value: 'bytes',
      help: 'memory of every GPU to leave to others (0)',
    },
    0,
  ),
  ramOverhead: bytesSetting(
    {
      env: ['BERTH_RAM_OVERHEAD'],
      flag: 'ram-overhead',
      value: 'bytes',
      help: 'memory of the machine to leave to others (0)',
    },
    0,
  ),
  memoryMargin: countSetting(
    {
      env: ['BERTH_MEMORY_MARGIN'],
      flag: 'memory-margin',
      value: 'percent',
      help: 'part of every memory that stays free at least (5)',
    },
    5,
    0,
    90,
  ),
  cores: countSetting(
    {
      env: ['BERTH_CORES'],
      flag: 'cores',
      value: 'count',
      help: 'processor cores to compute on; 0: as many as the machine has (0)',
    },
    0,
  ),
  gpu: choiceSetting(
    { env: ['BERTH_GPU'], flag: 'gpu', value: 'auto|off', help: 'whether to use GPUs (auto)' },
    'auto',
    ['auto', 'off'],
    { '0': 'off', false: 'off', none: 'off', '1': 'auto', true: 'auto', on: 'auto' },
  ),
  origins: listSetting({
    env: ['BERTH_ORIGINS', 'OLLAMA_ORIGINS'],
    flag: 'origins',
    value: 'origins',
    help: 'web origins that may call, beside local pages and apps; * stands for anything',
  }),
  debug: setting(
    {
      env: ['BERTH_DEBUG', 'OLLAMA_DEBUG'],
      flag: 'debug',
      help: 'log everything (false)',
    },
    '"true", "false" or a level such as "1"',
    false,
    (raw) => {
      const word = String(raw).trim().toLowerCase()
      if (/^\d+$/.test(word)) return word !== '0'
      return { true: true, t: true, on: true, false: false, f: false, off: false }[word]
    },
  ),
  logLevel: choiceSetting(
    { env: ['BERTH_LOG_LEVEL'], flag: 'log-level', value: 'level', help: 'how much to log (info)' },
    'info',
    ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
  ),
  logFormat: choiceSetting(
    {
      env: ['BERTH_LOG_FORMAT'],
      flag: 'log-format',
      value: 'auto|text|json',
      help: 'auto is text on a terminal and JSON elsewhere (auto)',
    },
    'auto',
    ['auto', 'text', 'json'],
  ),
  apiKeys: textSetting(
    {
      env: ['BERTH_API_KEYS'],
      flag: 'api-keys',
      value: 'file',
      help: 'a file of who may call: a line each of name, "user" or "admin", sha256:<hash of the key>, and settings',
    },
    undefined,
  ),
  bodyLimit: bytesSetting(
    {
      env: ['BERTH_BODY_LIMIT'],
      flag: 'body-limit',
      value: 'bytes',
      help: 'largest request body (64MiB)',
    },
    64 * 1024 * 1024,
  ),
  maxWait: durationSetting(
    {
      env: ['BERTH_MAX_WAIT'],
      flag: 'max-wait',
      value: 'duration',
      help: 'how long a request may wait for its turn; negative: for ever (10m)',
    },
    DEFAULT_SETTINGS.maxWaitMs,
    Number.POSITIVE_INFINITY,
  ),
  patience: durationSetting(
    {
      env: ['BERTH_PATIENCE'],
      flag: 'patience',
      value: 'duration',
      help: 'how long a request waits for room before busy models are drained for it (5s)',
    },
    DEFAULT_SETTINGS.patienceMs,
  ),
  runTimeout: durationSetting(
    {
      env: ['BERTH_RUN_TIMEOUT'],
      flag: 'run-timeout',
      value: 'duration',
      help: 'restart a model whose request makes no progress for so long; negative: never (5m)',
    },
    DEFAULT_SETTINGS.runStallMs,
    Number.POSITIVE_INFINITY,
  ),
  shutdownTimeout: durationSetting(
    {
      env: ['BERTH_SHUTDOWN_TIMEOUT'],
      flag: 'shutdown-timeout',
      value: 'duration',
      help: 'how long running requests may go on after SIGTERM (30s)',
    },
    MINUTE / 2,
  ),
})

/** Everything the server can be told, parsed once. */
export type Config = z.output<typeof ConfigSchema>
