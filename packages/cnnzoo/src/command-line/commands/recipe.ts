import type { Recipe, RecipeName } from '@cnnzoo/train';
import { columnsOf } from '../columns.js';
import { command, optional } from '../command.js';
import { recipeNames } from '../recipe-names.js';

export const recipeCommand = command({
  name: 'recipe',
  summary: 'how a paper trained its network; without a name, the recipes',
  examples: ['cnnzoo recipe', 'cnnzoo recipe inception'],
  args: { name: optional("a recipe's name", recipeNames) },
  options: {},
  async run({ args: { name }, output }) {
    const { formatRecipe, recipes } = await import('@cnnzoo/train');
    if (name !== undefined)
      // formatRecipe refuses a name that there is not.
      return { text: formatRecipe(name as RecipeName).trimEnd(), data: { name, ...recipes[name as RecipeName] } };
    const columns = [
      { title: 'recipe', cell: (row: readonly [string, Recipe]) => row[0] },
      { title: 'networks', cell: (row: readonly [string, Recipe]) => row[1].networks.join(', ') },
    ];
    return { text: columnsOf(columns, Object.entries(recipes), output), data: recipes };
  },
});
