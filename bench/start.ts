import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { smollm2 } from '../test/models/index.js'
import type { Measure } from './measure.js'
import { LISTENING, makeHome, MAIN } from './serving/berth.js'
import { get, keptOpen } from './serving/http.js'
import { startProgram } from './serving/program.js'
import { median } from './serving/statistics.js'

const ROUNDS = 7
const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** Both with everything installed and built: the second start, and every later one. */
const STARTS = [
  { name: 'npm-start', program: 'npm', args: ['start', '--'] },
  { name: 'built-server', program: process.execPath, args: [MAIN] },
] as const

/**
 * From a command to the line that says where the server listens, and to the first answer about its models: a
 * request that comes in between waits. The commands take turns.
 */
export async function run(): Promise<Measure[]> {
  const model = await smollm2()
  const times = STARTS.map((command) => ({
    ...command,
    listening: [] as number[],
    answering: [] as number[],
  }))
  // The first round fills the page cache.
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const { program, args, listening, answering } of times) {
      const took = await start(model, program, args)
      if (round < 0) continue
      listening.push(took.listeningMs)
      answering.push(took.answeringMs)
    }
  }
  const settings = { rounds: ROUNDS, cores: availableParallelism() }
  return times.flatMap(({ name, listening, answering }) => [
    { name: `start/${name}/listening`, value: median(listening) / 1000, unit: 's', settings },
    { name: `start/${name}/answering`, value: median(answering) / 1000, unit: 's', settings },
  ])
}

async function start(
  model: string,
  program: string,
  args: readonly string[],
): Promise<{ listeningMs: number; answeringMs: number }> {
  await using home = await makeHome(model)
  const agent = keptOpen()
  const startedAt = performance.now()
  await using server = startProgram(program, [...args, ...home.args], { env: home.env, cwd: ROOT })
  const url = await server.said(LISTENING)
  const listeningMs = performance.now() - startedAt
  await get(agent, `${url}/api/tags`)
  const answeringMs = performance.now() - startedAt
  agent.destroy()
  if (/^(Building|Installing)/m.test(server.log())) {
    throw new Error('This was no second start: something was built or installed')
  }
  return { listeningMs, answeringMs }
}
