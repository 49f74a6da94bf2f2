import { ANSWER_CASES } from './contract-answers.js'
import { END_CASES } from './contract-ends.js'
import { CRASH_CASES, EMBED_CASES, SLOT_CASES } from './contract-extras.js'
import type { ContractCase, ContractSubject } from './contract-subject.js'

/**
 * What every backend must do, as cases for any test runner: each loads what it needs and leaves nothing
 * loaded. They throw an `Error` that says what was expected.
 */
export function backendContract(
  subject: Pick<ContractSubject, 'slots' | 'embedder' | 'crash'>,
): readonly ContractCase[] {
  return [
    ...ANSWER_CASES,
    ...END_CASES,
    ...(subject.slots >= 2 ? SLOT_CASES : []),
    ...(subject.embedder === null ? [] : EMBED_CASES),
    ...(subject.crash === null ? [] : CRASH_CASES),
  ]
}
