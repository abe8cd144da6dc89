import { html, type Markup } from './markup.js';
import { sumsPerUnit, type Tally } from './tally.js';

/** The plot's square, with room for the axes' texts around it. */
const side = 220;
const margin = { left: 46, bottom: 40, top: 14, right: 12 };

/**
 * How often the network is right by how sure it is, as SVG (Guo et al. 2017, figure 1): bars on the diagonal are calibrated, below it the
 * network is too sure. Bars with few images are pale.
 */
export function reliabilityDiagram({ calibration }: Tally): Markup {
  const most = Math.max(1, ...calibration.map(({ count }) => count));
  const width = side / calibration.length;
  const bars = calibration.map(({ count, correct, confidence }, i) => {
    if (count === 0) return html``;
    const height = (correct / count) * side;
    const opacity = 0.25 + 0.75 * Math.sqrt(count / most);
    const title = `${count} images: sure ${((100 * confidence) / sumsPerUnit / count).toFixed(1)} %, right ${((100 * correct) / count).toFixed(1)} %`;
    return html`<rect x="${(i * width).toFixed(1)}" y="${(side - height).toFixed(1)}" width="${(width - 1).toFixed(1)}" height="${height.toFixed(1)}" fill="#2171b5" fill-opacity="${opacity.toFixed(2)}"><title>${title}</title></rect>`;
  });
  const ticks = [0, 0.5, 1].map(
    (value) =>
      html`<text x="${value * side}" y="${side + 16}" text-anchor="middle">${value}</text><text x="-8" y="${side - value * side + 4}" text-anchor="end">${value}</text>`,
  );
  return html`<svg width="${side + margin.left + margin.right}" height="${side + margin.top + margin.bottom}" font-size="12" fill="#57606a" role="img" aria-label="reliability diagram">
<g transform="translate(${margin.left} ${margin.top})"><rect width="${side}" height="${side}" fill="#f6f8fa"/>${bars}
<path d="M0 ${side}L${side} 0" stroke="#8c959f" stroke-dasharray="4 4"/>${ticks}
<text x="${side / 2}" y="${side + 34}" text-anchor="middle">how sure the network is</text>
<text transform="translate(-32 ${side / 2}) rotate(-90)" text-anchor="middle">how often it is right</text></g></svg>`;
}
