import type { Command } from 'commander'
import type { OllamaTagsResponse } from '@berth/protocol'
import { CliError, EXIT } from '../cli-error.js'
import type { Client } from '../client.js'

/** Each shell asks `berth __complete` what may stand next, so that only one place knows. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# bash completion for berth: eval "$(berth completion bash)"
_berth() {
  local IFS=$'\\n'
  # A colon is a break between words for bash, and part of a model's name.
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD-1}") word="\${COMP_WORDS[COMP_CWORD]}"
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local all at
    _get_comp_words_by_ref -n : -w all -i at -c word
    words=("\${all[@]:1:at-1}")
  fi
  COMPREPLY=($(compgen -W "$(berth __complete -- "\${words[@]}" 2>/dev/null)" -- "$word"))
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$word"; fi
}
complete -o default -F _berth berth
`,
  zsh: `#compdef berth
# zsh completion for berth: eval "$(berth completion zsh)", after compinit
_berth() {
  local -a candidates
  candidates=("\${(@f)$(berth __complete -- "\${(@)words[2,CURRENT-1]}" 2>/dev/null)}")
  compadd -a candidates || _files
}
compdef _berth berth
`,
  fish: `# fish completion for berth: berth completion fish | source
function __berth_complete
    set -l words (commandline -opc)
    berth __complete -- $words[2..-1] 2>/dev/null
end
complete -c berth -f -a '(__berth_complete)'
`,
}

export const SHELLS = Object.keys(SCRIPTS)

export function completionScript(shell: string): string {
  const script = SCRIPTS[shell]
  if (script === undefined) {
    throw new CliError(`expected one of ${SHELLS.join(', ')}, got ${JSON.stringify(shell)}`, EXIT.usage)
  }
  return script
}

/** Commands whose arguments are models that are there. */
const OF_MODELS: ReadonlySet<string> = new Set(['run', 'show', 'cp', 'rm', 'stop', 'pull', 'list', 'ls'])

/** What may stand after these words: commands, or a command's flags and models. */
export async function completionsAfter(
  words: readonly string[],
  program: Command,
  client: () => Client,
): Promise<readonly string[]> {
  const visible = program.commands.filter((command) => !command.name().startsWith('_'))
  const [name] = words
  if (name === undefined) return [...visible.map((command) => command.name()), 'help', '--help', '--version']
  if (name === 'help') return visible.map((command) => command.name())
  if (name === 'completion') return SHELLS
  const command = visible.find((each) => each.name() === name || each.aliases().includes(name))
  const flags = command?.options.flatMap(({ long }) => long ?? []) ?? []
  return OF_MODELS.has(name) ? [...(await modelNames(client)), ...flags] : flags
}

/** Nothing where no server answers: a shell must not say why in the middle of a line. */
async function modelNames(client: () => Client): Promise<readonly string[]> {
  try {
    const { models } = await client().json<OllamaTagsResponse>('GET', '/api/tags')
    return models.map(({ name }) => name)
  } catch {
    return []
  }
}
