import { describe, expect, it } from 'vitest'
import { helpText, readConfig } from '../../../apps/server/src/config/index.js'

interface Sources {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Contents of files, by path. */
  readonly files?: Readonly<Record<string, string>>
}

const read = ({ args = [], env = {}, files = {} }: Sources) =>
  readConfig({
    args,
    env,
    readFile: (path) => {
      const text = files[path]
      if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`)
      return text
    },
  })

/** The configuration that comes of good values. */
function configOf(sources: Sources) {
  const result = read(sources)
  if (result.kind !== 'config') throw new Error(JSON.stringify(result))
  return result.config
}

function errorsOf(sources: Sources): readonly string[] {
  const result = read(sources)
  return result.kind === 'errors' ? result.errors : []
}

describe('the configuration', () => {
  it('needs nothing to be said', () => {
    expect(configOf({})).toMatchObject({
      host: { hostname: '127.0.0.1', port: 11434 },
      keepAlive: 300_000,
      loadTimeout: 300_000,
      maxQueue: 512,
      maxLoadedModels: 0,
      numParallel: 0,
      kvCacheType: 'f16',
      origins: [],
      debug: false,
    })
  })

  it('prefers a flag to a variable, a variable to the file, and the file to the default', () => {
    const files = { 'b.json': '{"maxQueue": 1, "numParallel": 1, "keepAlive": "1m"}' }
    const env = { BERTH_CONFIG: 'b.json', OLLAMA_MAX_QUEUE: '2', OLLAMA_NUM_PARALLEL: '2' }
    expect(configOf({ files, env, args: ['--max-queue', '3'] })).toMatchObject({
      maxQueue: 3,
      numParallel: 2,
      keepAlive: 60_000,
      maxLoadedModels: 0,
    })
  })

  it('prefers our own variable to Ollama’s of the same meaning', () => {
    expect(configOf({ env: { BERTH_KEEP_ALIVE: '1m', OLLAMA_KEEP_ALIVE: '2m' } }).keepAlive).toBe(60_000)
  })

  it('takes an empty variable for none', () => {
    expect(configOf({ env: { OLLAMA_HOST: '', OLLAMA_KEEP_ALIVE: ' ' } }).keepAlive).toBe(300_000)
  })

  it.each([
    ['127.0.0.1', '127.0.0.1', 11434],
    ['0.0.0.0:8080', '0.0.0.0', 8080],
    [':8080', '127.0.0.1', 8080],
    ['http://box.local', 'box.local', 80],
    ['http://box.local:1234/', 'box.local', 1234],
    ['[::1]:8080', '::1', 8080],
    ['::1', '::1', 11434],
  ])('reads the address %s', (host, hostname, port) => {
    expect(configOf({ env: { OLLAMA_HOST: host } }).host).toEqual({ hostname, port })
  })

  it.each<[Readonly<Record<string, string>>, object]>([
    [{ OLLAMA_KEEP_ALIVE: '-1' }, { keepAlive: -1 }],
    [{ OLLAMA_KEEP_ALIVE: '0' }, { keepAlive: 0 }],
    [{ OLLAMA_LOAD_TIMEOUT: '-1' }, { loadTimeout: Infinity }],
    [{ OLLAMA_FLASH_ATTENTION: '1' }, { flashAttention: 'on' }],
    [{ OLLAMA_FLASH_ATTENTION: 'false' }, { flashAttention: 'off' }],
    [{ OLLAMA_KV_CACHE_TYPE: 'q8_0' }, { kvCacheType: 'q8_0' }],
    [{ OLLAMA_GPU_OVERHEAD: '512MiB' }, { gpuOverhead: 512 * 1024 * 1024 }],
    [{ OLLAMA_GPU_OVERHEAD: '1073741824' }, { gpuOverhead: 1_073_741_824 }],
    [
      { OLLAMA_ORIGINS: 'https://a.example, https://b.example' },
      { origins: ['https://a.example', 'https://b.example'] },
    ],
    [{ OLLAMA_DEBUG: '2' }, { debug: true }],
    [{ OLLAMA_DEBUG: '0' }, { debug: false }],
    [{ BERTH_GGUF_FOLDERS: '/a,/b' }, { ggufFolders: ['/a', '/b'] }],
  ])('reads %o as Ollama does', (env, config) => {
    expect(configOf({ env })).toMatchObject(config)
  })

  it('takes switches without a value, and values with an equals sign', () => {
    expect(configOf({ args: ['--debug', '--port=0', '--keep-alive', '-1'] })).toMatchObject({
      debug: true,
      port: 0,
      keepAlive: -1,
    })
  })

  it('takes lists from a file', () => {
    const files = { 'b.json': '{"origins": ["https://a.example"]}' }
    expect(configOf({ files, args: ['--config', 'b.json'] }).origins).toEqual(['https://a.example'])
  })
})

describe('a bad value stops the start', () => {
  it.each<[Sources, string]>([
    [
      { env: { OLLAMA_MAX_QUEUE: 'many' } },
      'OLLAMA_MAX_QUEUE: expected a whole number of at least 0, got "many"',
    ],
    [
      { args: ['--keep-alive', 'soon'] },
      '--keep-alive: expected a duration such as "30s", "5m" or "1h30m", got "soon"',
    ],
    [{ args: ['--port', '99999'] }, '--port: expected a port from 0 to 65535 (0: any free one), got "99999"'],
    [
      { env: { OLLAMA_HOST: 'a b' } },
      'OLLAMA_HOST: expected an address such as "127.0.0.1", "0.0.0.0:11434" or "[::1]:11434", got "a b"',
    ],
    [
      { env: { OLLAMA_KV_CACHE_TYPE: 'q9' } },
      'OLLAMA_KV_CACHE_TYPE: expected one of "f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl", got "q9"',
    ],
    [
      { env: { OLLAMA_GPU_OVERHEAD: '1 elephant' } },
      'OLLAMA_GPU_OVERHEAD: expected a number of bytes such as "512MiB" or "2GB", got "1 elephant"',
    ],
    [
      { env: { OLLAMA_DEBUG: 'maybe' } },
      'OLLAMA_DEBUG: expected "true", "false" or a level such as "1", got "maybe"',
    ],
    [{ args: ['--noprune'] }, '--noprune: no such flag; --help lists them'],
    [
      { env: { BERTH_CONFIG: 'b.json' }, files: { 'b.json': '{"maxQueue": true}' } },
      'b.json: maxQueue: expected a whole number of at least 0, got true',
    ],
    [
      { args: ['--config', 'b.json'], files: { 'b.json': '{"maxQeue": 1}' } },
      'b.json: maxQeue: no such setting; did you mean maxQueue?',
    ],
    [
      { args: ['--config', 'none.json'] },
      "none.json: expected a file with a JSON object: ENOENT: no such file, open 'none.json'",
    ],
    [{ args: ['--config', 'b.json'], files: { 'b.json': '[]' } }, 'b.json: expected a JSON object, got []'],
    [{ args: ['--prot', '1'] }, '--prot: no such flag; did you mean --port?'],
    [{ args: ['--port'] }, '--port: expected a value, as in --port VALUE'],
    [{ args: ['serve'] }, 'serve: expected a flag; --help lists them'],
  ])('of %o, with the name, the value and what would be right', (sources, error) => {
    expect(errorsOf(sources)).toContain(error)
  })

  it('and says everything that is wrong at once', () => {
    expect(errorsOf({ env: { OLLAMA_MAX_QUEUE: 'many' }, args: ['--port', 'x'] })).toHaveLength(2)
  })
})

describe('variables of ours that are none', () => {
  it('are warned about, with the nearest that is', () => {
    const result = read({
      env: { BERTH_KEEPALIVE: '1m', BERTH_XYZZY: '1', OLLAMA_ANYTHING: '1', PATH: '/bin' },
    })
    expect(result).toMatchObject({
      warnings: [
        'BERTH_KEEPALIVE is no variable of Berth and is ignored; did you mean BERTH_KEEP_ALIVE?',
        'BERTH_XYZZY is no variable of Berth and is ignored',
      ],
    })
  })
})

describe('the help', () => {
  it('is asked for by a flag', () => {
    expect(read({ args: ['--help'] })).toEqual({ kind: 'help' })
    expect(read({ args: ['-h'] })).toEqual({ kind: 'help' })
    expect(read({ args: ['--version'] })).toEqual({ kind: 'version' })
  })

  it('has every flag and variable', () => {
    const text = helpText()
    for (const name of [
      '--host',
      '--config',
      'BERTH_CONFIG',
      'OLLAMA_KV_CACHE_TYPE',
      '--api-keys',
      'BERTH_API_KEYS',
    ]) {
      expect(text).toContain(name)
    }
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(140)
  })
})

describe('upstreams', () => {
  it('are addresses, or JSON with all there is to say', () => {
    expect(configOf({}).upstreams).toEqual([])
    expect(configOf({ args: ['--upstreams', 'http://quay:11434, https://big.lan/'] }).upstreams).toEqual([
      { name: 'quay:11434', address: 'http://quay:11434', kind: 'ollama', maxConcurrent: 4 },
      { name: 'big.lan', address: 'https://big.lan/', kind: 'ollama', maxConcurrent: 4 },
    ])
    const one = {
      name: 'cloud',
      address: 'https://api.example.com/v1',
      kind: 'openai',
      key: 'k',
      maxConcurrent: 9,
    }
    expect(configOf({ env: { BERTH_UPSTREAMS: JSON.stringify(one) } }).upstreams).toEqual([one])
    const files = { 'c.json': JSON.stringify({ upstreams: [one] }) }
    expect(configOf({ args: ['--config', 'c.json'], files }).upstreams).toEqual([one])
  })

  it('say by name what is wrong with them, and nobody their keys', () => {
    const list = [
      { address: 'quay', key: 'secret' },
      { address: 'http://a', kind: 'llama', maxConcurrent: 0 },
      { address: 'http://a', nam: 'b', key: 'a key that is so long that no message has room for all of it' },
    ]
    const text = JSON.stringify(list)
    const hidden = JSON.stringify(text.replace('secret', '…').replace(/a key that[^"]*/, '…'))
    expect(errorsOf({ env: { BERTH_UPSTREAMS: text } })).toEqual(
      [
        '[0].address: expected an address such as "http://192.168.1.20:11434", got "quay"',
        '[1].kind: expected "berth", "ollama" or "openai", got "llama"',
        '[1].maxConcurrent: expected a whole number of at least 1, got 0',
        '[2]: expected no more than name, address, kind, key and maxConcurrent, not nam, got {"address":"http://a","nam":"b","key":"…',
      ].map((message) => `BERTH_UPSTREAMS: ${message}, got ${hidden}`),
    )
    expect(errorsOf({ args: ['--upstreams', '[{'] })).toEqual([
      expect.stringContaining('expected a JSON list'),
    ])
    const files = { 'c.json': JSON.stringify({ upstreams: 7 }) }
    expect(errorsOf({ args: ['--config', 'c.json'], files })).toEqual([
      expect.stringContaining('c.json: upstreams: expected a JSON list'),
    ])
    expect(errorsOf({ args: ['--upstreams', 'http://a,http://a'] })).toEqual([
      expect.stringContaining('[1]: expected a name of its own, got {"address":"http://a"}'),
    ])
  })
})

describe('who goes first, who may how much, and what is loaded ahead', () => {
  it('is set by variables, flags and file alike', () => {
    const files = { 'b.json': '{"clientRpm": 60, "pinned": ["a", "b"], "maxQueueBatch": 7}' }
    const env = {
      BERTH_CONFIG: 'b.json',
      BERTH_CLIENT_TPM: '10000',
      BERTH_PRELOAD: 'a, b',
      BERTH_PREEMPT: '0',
    }
    const args = [
      '--policy',
      'shortest',
      '--eviction',
      'cost',
      '--starvation',
      '10s',
      '--keep-alive-mode',
      'learned',
    ]
    expect(configOf({ files, env, args })).toMatchObject({
      policy: 'shortest',
      eviction: 'cost',
      keepAliveMode: 'learned',
      preempt: 'off',
      starvation: 10_000,
      maxQueueInteractive: 0,
      maxQueueBatch: 7,
      clientConcurrent: 0,
      clientRpm: 60,
      clientTpm: 10_000,
      preload: ['a', 'b'],
      pinned: ['a', 'b'],
    })
  })

  it('names what is wrong', () => {
    expect(errorsOf({ env: { BERTH_POLICY: 'random', BERTH_CLIENT_RPM: '-1' } })).toEqual([
      'BERTH_POLICY: expected one of "fair", "fifo", "shortest", got "random"',
      'BERTH_CLIENT_RPM: expected a whole number of at least 0, got "-1"',
    ])
  })
})
