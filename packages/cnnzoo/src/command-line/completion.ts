/** Completion for shells. Their scripts ask the program itself, `cnnzoo complete -- WORDS`, so that they never are out of date. */
import type { Command, Option } from './command.js';

/** The command that the scripts call. It is no part of the help. */
export const completeWord = 'complete';

export interface Suggestion {
  readonly word: string;
  readonly description: string;
}

/**
 * What may stand at the end of a line. Nothing where a shell does better on its own, with the names of files.
 * @param words those of the line without the program's name; the last one, which may be empty, is not finished
 */
export function completionsOf(commands: readonly Command[], words: readonly string[]): Suggestion[] {
  const unfinished = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  let offered = commands;
  let command: Command | undefined;
  const values: string[] = [];
  for (let i = 0; i < before.length; i++) {
    const word = before[i] ?? '';
    const next = values.length === 0 ? offered.find(({ name }) => name === word) : undefined;
    if (next !== undefined) [command, offered] = [next, next.commands ?? []];
    else if (!word.startsWith('-')) values.push(word);
    else if (takesValue(optionOf(command, word))) {
      if (i === before.length - 1) return starting(unfinished, optionOf(command, word)?.choices ?? []);
      i++;
    }
  }
  if (unfinished.startsWith('-')) return optionsOf(command).filter(({ word }) => word.startsWith(unfinished));
  if (offered.length > 0 && values.length === 0)
    return offered
      .filter(({ name }) => name.startsWith(unfinished))
      .map(({ name, summary }) => ({ word: name, description: summary }));
  const args = Object.values(command?.args ?? {});
  const argument = args[values.length] ?? args.findLast(({ form }) => form === 'several');
  return starting(unfinished, argument?.suggestions ?? []);
}

function starting(beginning: string, words: readonly string[]): Suggestion[] {
  return words.filter((word) => word.startsWith(beginning)).map((word) => ({ word, description: '' }));
}

function optionOf(command: Command | undefined, word: string): Option<unknown> | undefined {
  return Object.entries(command?.options ?? {}).find(([key]) => optionName(key) === word)?.[1];
}

function takesValue(option: Option<unknown> | undefined): boolean {
  return option !== undefined && option.placeholder !== null;
}

function optionsOf(command: Command | undefined): Suggestion[] {
  const own = Object.entries(command?.options ?? {});
  return [
    ...own.map(([key, { description }]) => ({ word: optionName(key), description })),
    ...(command?.run === undefined ? [] : [{ word: '--json', description: 'JSON, a value a line' }]),
    { word: '--help', description: 'this help' },
    ...(command === undefined ? [{ word: '--version', description: 'the version' }] : []),
  ];
}

/** `externalData` as it is written: --external-data. */
export function optionName(key: string): string {
  return `--${kebabCase(key)}`;
}

export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A line of what `complete` prints is a word, a tab and its description. Without any, each shell completes files. */
export const completionScripts = {
  bash: `_cnnzoo() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(cnnzoo complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _cnnzoo cnnzoo
`,
  zsh: `#compdef cnnzoo
_cnnzoo() {
  local line word text
  local -a found
  for line in "\${(@f)$(cnnzoo complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    word="\${line%%$'\\t'*}" text="\${line#*$'\\t'}"
    [[ -n $word ]] && found+=("\${word//:/\\\\:}\${text:+:$text}")
  done
  if (( $#found )); then
    _describe 'cnnzoo' found
  else
    _files
  fi
}
if [[ $funcstack[1] == _cnnzoo ]]; then
  _cnnzoo "$@"
else
  compdef _cnnzoo cnnzoo
fi
`,
  fish: `function __cnnzoo_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found (cnnzoo complete -- $words[2..] "$current" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c cnnzoo -f -a '(__cnnzoo_complete)'
`,
} as const;
