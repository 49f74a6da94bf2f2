import * as fc from 'fast-check'
import { inject } from 'vitest'
import { runs } from './runs.js'

// Before every test file: the same cases every time, so that a failure tells of the change and not of the day.
const { seed } = inject('properties')
fc.configureGlobal({ numRuns: runs(100), ...(seed === null ? {} : { seed }) })
