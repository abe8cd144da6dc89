import { choice, command, required } from '../command.js';
import { completionScripts } from '../completion.js';

const shells = Object.keys(completionScripts) as (keyof typeof completionScripts)[];

export const completionCommand = command({
  name: 'completion',
  summary: 'the completion of commands, options and names for a shell',
  details: `Prints a script that makes a shell complete commands, options and names:

  bash   cnnzoo completion bash >> ~/.bashrc
  zsh    cnnzoo completion zsh > "\${fpath[1]}/_cnnzoo"
  fish   cnnzoo completion fish > ~/.config/fish/completions/cnnzoo.fish

The command cnnzoo must be on the PATH, as after npm install --global cnnzoo.`,
  args: { shell: required('bash, zsh or fish', shells) },
  options: {},
  async run({ args: { shell } }) {
    const script = completionScripts[choice('shell', '', shells).parse(shell, 'shell')];
    return { text: script.trimEnd(), data: { shell, script } };
  },
});
