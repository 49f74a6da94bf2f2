import type { Command } from 'commander'
import {
  above0,
  countFrom1,
  duration,
  eviction,
  from0,
  oneOf,
  policies,
  policy,
  size,
  sizes,
} from './option-values.js'

/** The flags of `berth simulate`: how to schedule, on what, and what. */
export function addSimulateOptions(command: Command): Command {
  return command
    .option('--policy <name>', 'fifo, fair or shortest (fair)', policy)
    .option('--eviction <name>', 'lru or cost (lru)', eviction)
    .option('--compare <policies>', 'others beside it, such as fifo,fair+cost', policies)
    .option('--oracle', 'and the policy with an eviction that knows the future')
    .option('--no-preempt', 'batch work does not give way to interactive work')
    .option('--slots <count>', 'requests at a time on one model', countFrom1)
    .option('--context <tokens>', 'tokens of context a slot', countFrom1)
    .option('--max-loaded <count>', 'models at a time, at most', countFrom1)
    .option('--max-queue <count>', 'requests that may wait', countFrom1)
    .option(
      '--preset <machine>',
      'the machine, such as laptop-16gb, rtx-4090, apple-32gb or 8x-h100 (rtx-4090)',
    )
    .option('--vram <bytes>', 'or by its figures: memory of its GPU, such as 24GB; 24GB,24GB of two', sizes)
    .option('--ram <bytes>', 'and its host memory (twice that)', size)
    .option(
      '--generate <arrivals>',
      'make a trace: poisson, bursts or day',
      oneOf(['poisson', 'bursts', 'day']),
    )
    .option('--rate <requests>', 'of it: requests a second; in a burst, at noon (1)', above0)
    .option('--requests <count>', 'of it: how many requests (1000)', countFrom1)
    .option('--for <duration>', 'of it: how long, such as 24h', duration)
    .option('--models <bytes>', 'of it: sizes of models, the most wanted first, such as 5GB,2GB', sizes)
    .option('--skew <exponent>', 'of it: how much more wanted, by Zipf’s law; 0 all alike (1)', from0)
    .option('--lengths <kind>', 'of it: as in Azure’s conversation or code', oneOf(['conversation', 'code']))
    .option('--clients <count>', 'of it: how many clients (8)', countFrom1)
    .option('--seed <number>', 'of it: another seed, another trace (1)', countFrom1)
    .option('--html <file>', 'write a page with plots')
}
