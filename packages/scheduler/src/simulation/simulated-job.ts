import type { Tokens } from '@berth/budget'
import type { EmbedJob, GenerateJob, Job } from '../job.js'
import type { SchedulerRequest } from '../request.js'
import type { TraceRequest } from './trace.js'

/** What a job will turn out to be, which its scheduler does not know. */
export interface Work {
  readonly promptTokens: Tokens
  readonly cachedTokens: Tokens
  readonly outputTokens: Tokens
}

/** A job without a text: the simulated backend reads from it what an engine would find out. */
export interface SimulatedGenerateJob extends GenerateJob {
  readonly work: Work
}

export interface SimulatedEmbedJob extends EmbedJob {
  readonly work: Work
}

const RAW = { kind: 'raw', text: '' } as const
const NO_STOPS: readonly string[] = []
const SAMPLING = {}
const OVERFLOW = { prompt: 'truncate', answer: 'shift' } as const
const NO_INPUTS: readonly string[] = []

/** The request as it would have come from a route. */
export function requestOf(line: TraceRequest): SchedulerRequest {
  const work: Work = {
    promptTokens: line.promptTokens,
    cachedTokens: Math.min(line.cachedTokens ?? 0, line.promptTokens),
    outputTokens: line.outputTokens,
  }
  const purpose = line.purpose ?? 'generate'
  return {
    model: line.model,
    purpose,
    job: purpose === 'embed' ? embedJob(work) : generateJob(work, line.maxTokens),
    class: line.class ?? 'normal',
    client: line.client ?? 'local',
    promptTokens: line.promptTokens,
    ...(line.contextLength === undefined ? {} : { wish: { contextLength: line.contextLength } }),
    ...(line.keepAliveMs === undefined ? {} : { keepAliveMs: line.keepAliveMs }),
  }
}

function generateJob(work: Work, maxTokens: Tokens | undefined): SimulatedGenerateJob {
  const job = {
    kind: 'generate',
    prompt: RAW,
    sampling: SAMPLING,
    stop: NO_STOPS,
    overflow: OVERFLOW,
    work,
  } as const
  return maxTokens === undefined ? job : { ...job, maxTokens }
}

function embedJob(work: Work): SimulatedEmbedJob {
  return { kind: 'embed', inputs: NO_INPUTS, truncate: true, work }
}

/** Null for a job that did not come from a trace. */
export function workOf(job: Job | SimulatedGenerateJob | SimulatedEmbedJob): Work | null {
  return 'work' in job ? job.work : null
}
