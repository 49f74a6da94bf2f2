import { DEFAULT_SETTINGS } from '@berth/scheduler'
import { choiceSetting, countSetting, durationSetting, listSetting } from './setting.js'

const SWITCH = { '0': 'off', false: 'off', no: 'off', '1': 'on', true: 'on', yes: 'on' } as const

/** Who goes first, who may how much, and what is in memory before anybody asks. */
export const schedulingSettings = {
  policy: choiceSetting(
    {
      env: ['BERTH_POLICY'],
      flag: 'policy',
      value: 'fair|fifo|shortest',
      help: 'whose turn it is: a fair share for each client, by arrival, or the least work first (fair)',
    },
    DEFAULT_SETTINGS.policy,
    ['fair', 'fifo', 'shortest'],
  ),
  preempt: choiceSetting(
    {
      env: ['BERTH_PREEMPT'],
      flag: 'preempt',
      value: 'on|off',
      help: 'whether batch work is set aside for interactive work (on)',
    },
    'on',
    ['on', 'off'],
    SWITCH,
  ),
  starvation: durationSetting(
    {
      env: ['BERTH_STARVATION'],
      flag: 'starvation',
      value: 'duration',
      help: 'the longest that requests for loaded models may go before one that needs a swap (30s)',
    },
    DEFAULT_SETTINGS.starvationMs,
  ),
  eviction: choiceSetting(
    {
      env: ['BERTH_EVICTION'],
      flag: 'eviction',
      value: 'lru|cost',
      help: 'which idle model leaves first: the least recently used, or the cheapest to bring back (lru)',
    },
    DEFAULT_SETTINGS.eviction,
    ['lru', 'cost'],
  ),
  keepAliveMode: choiceSetting(
    {
      env: ['BERTH_KEEP_ALIVE_MODE'],
      flag: 'keep-alive-mode',
      value: 'fixed|learned',
      help: 'learned: an idle model leaves sooner where nobody is likely to want it again soon (fixed)',
    },
    DEFAULT_SETTINGS.keepAlive,
    ['fixed', 'learned'],
  ),
  maxQueueInteractive: queueBound('interactive'),
  maxQueueNormal: queueBound('normal'),
  maxQueueBatch: queueBound('batch'),
  clientConcurrent: countSetting(
    {
      env: ['BERTH_CLIENT_CONCURRENT'],
      flag: 'client-concurrent',
      value: 'count',
      help: 'requests of one client at a time, waiting and running; 0: as many as it likes (0)',
    },
    DEFAULT_SETTINGS.clientLimits.concurrent,
  ),
  clientRpm: countSetting(
    {
      env: ['BERTH_CLIENT_RPM'],
      flag: 'client-rpm',
      value: 'count',
      help: 'requests of one client a minute; 0: as many as it likes (0)',
    },
    DEFAULT_SETTINGS.clientLimits.requestsPerMinute,
  ),
  clientTpm: countSetting(
    {
      env: ['BERTH_CLIENT_TPM'],
      flag: 'client-tpm',
      value: 'count',
      help: 'tokens of one client a minute, of prompts and answers; 0: as many as it likes (0)',
    },
    DEFAULT_SETTINGS.clientLimits.tokensPerMinute,
  ),
  preload: listSetting({
    env: ['BERTH_PRELOAD'],
    flag: 'preload',
    value: 'models',
    help: 'models to load at the start, in this order, with commas between them',
  }),
  pinned: listSetting({
    env: ['BERTH_PINNED'],
    flag: 'pinned',
    value: 'models',
    help: 'models that stay in memory once they are loaded, with commas between them',
  }),
}

function queueBound(of: 'interactive' | 'normal' | 'batch') {
  return countSetting(
    {
      env: [`BERTH_MAX_QUEUE_${of.toUpperCase()}`],
      flag: `max-queue-${of}`,
      value: 'count',
      help: `most requests of class ${of} that wait at one time; 0: as max-queue says (0)`,
    },
    DEFAULT_SETTINGS.maxQueuePerClass[of],
  )
}
