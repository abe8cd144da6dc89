/** Mermaid blocks as SVG, drawn when the site is built: a page loads no code for them. */
import { renderMermaidSVG } from 'beautiful-mermaid';

/**
 * Draws a diagram in the colours of the page around it, dark or light.
 * @param source what stands in the block
 * @returns HTML that Vue leaves as it is
 */
export function diagram(source: string): string {
  const svg = renderMermaidSVG(source, {
    bg: 'var(--vp-c-bg)',
    fg: 'var(--vp-c-text-1)',
    font: 'inherit',
    transparent: true,
  })
    // The fonts are the page's, and nothing comes from elsewhere.
    .replace(/^\s*@import .*$/m, '')
    .replace('<svg ', '<svg role="img" aria-label="diagram" ');
  return `<div class="diagram" tabindex="0" v-html="${escaped(JSON.stringify(svg))}"></div>\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
