/**
 * Text within a line of Markdown that is read as it is written: no HTML, no links, no emphasis. CommonMark takes a backslash before any
 * punctuation; between letters and digits, an underscore needs none.
 */
export function markdownText(text: string): string {
  return (
    text
      .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
      .replace(/[\\`*[\]<>#|~&$]/g, '\\$&')
      .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
      // GitHub makes links of addresses without any brackets.
      .replace(/:(?=\/\/)|@/g, '\\$&')
      .replace(/(?<=www)\./gi, '\\.')
  );
}
