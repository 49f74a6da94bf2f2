import { cpus } from 'node:os'

/** Processor time in milliseconds since some fixed moment. */
export interface CpuTimes {
  /** Of all cores, spent by anybody. */
  readonly busy: number
  /** Of all cores, whether spent or not. */
  readonly all: number
  /** Spent by this process. */
  readonly own: number
  readonly cores: number
}

/** Less of others than this does not cost a thread: every system does a little all the time. */
const NOISE = 0.35
/** Cores. Where this process used less, as a mean since the last look, it had a pause, and what others did meanwhile says nothing of now. */
const AT_WORK = 0.5
/** Milliseconds between two looks. The system counts in hundredths of a second. */
const EVERY_MS = 300

/**
 * How many threads to compute with: the share, but no more than there are cores that others leave free, and
 * one at least. llama.cpp's threads wait for each other some hundred times a token, each spinning: with one
 * of them off its core all stand still. Two threads on two cores where another program keeps one busy gave
 * 1.4 tokens a second, one thread 40.
 * @param others cores that others keep busy, as a mean.
 */
export function usableThreads(share: number, cores: number, others: number): number {
  return Math.max(1, Math.min(share, Math.floor(cores - others + NOISE)))
}

/** Keeps the number of threads to what is really to be had. */
export class ThreadShare {
  readonly #apply: (threads: number) => void
  readonly #read: () => CpuTimes
  readonly #now: () => number
  #share: number
  #usable = Infinity
  #last: CpuTimes
  #lookedAt: number

  /** @param apply is called with the number of threads, whenever it may have changed. */
  constructor(
    share: number,
    apply: (threads: number) => void,
    read: () => CpuTimes = readCpuTimes,
    now: () => number = () => performance.now(),
  ) {
    this.#share = share
    this.#apply = apply
    this.#read = read
    this.#now = now
    this.#last = read()
    this.#lookedAt = now()
  }

  set share(threads: number) {
    this.#share = threads
    this.#apply(Math.min(threads, this.#usable))
  }

  /** To be called before each piece of work; looks at the machine now and then. */
  tick(): void {
    const now = this.#now()
    if (now - this.#lookedAt < EVERY_MS) return
    this.#lookedAt = now
    const [last, next] = [this.#last, this.#read()]
    this.#last = next
    const all = next.all - last.all
    if (all <= 0) return
    const own = next.own - last.own
    if ((own / all) * next.cores < AT_WORK) return
    const others = Math.max(0, next.busy - last.busy - own)
    this.#usable = usableThreads(Infinity, next.cores, (others / all) * next.cores)
    this.#apply(Math.min(this.#share, this.#usable))
  }
}

function readCpuTimes(): CpuTimes {
  let busy = 0
  let all = 0
  const cores = cpus()
  for (const { times } of cores) {
    const spent = times.user + times.nice + times.sys + times.irq
    busy += spent
    all += spent + times.idle
  }
  const { user, system } = process.cpuUsage()
  return { busy, all, own: (user + system) / 1_000, cores: cores.length }
}
