import type { InitProgressReport } from '@mlc-ai/web-llm'

/** WebLLM's progress by its words: its figure begins anew with each stage, and runs over 1 where files are empty. */
export function stageOf({ progress, text }: InitProgressReport): {
  readonly stage: 'reading' | 'compiling'
  readonly fraction: number
} {
  const fraction = Number.isFinite(progress) ? Math.min(1, Math.max(0, progress)) : 0
  // "Finish loading" comes last, and means that all is compiled.
  return { stage: /shader|finish/i.test(text) ? 'compiling' : 'reading', fraction }
}
