/** Two curves of a loss over the steps, as an SVG. */

export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [step: number, loss: number])[];
}

const size = { width: 560, height: 340 };
const panel = { left: 60, right: 540, top: 50, bottom: 285 };
const colors = ['#d1495b', '#2563ab'];

/** Gridlines that hold all losses: steps of 0.2, or 1, 2, 5, 10 and so on along a logarithm where the largest is more than five times the least. */
function lossTicks(least: number, most: number): { values: readonly number[]; scale: (loss: number) => number } {
  if (most <= 5 * least) {
    const [first, last] = [Math.floor(least / 0.2), Math.ceil(most / 0.2)];
    return { values: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * 0.2), scale: (loss) => loss };
  }
  const decades = Array.from({ length: 12 }, (_, i) => 10 ** (i - 4)).flatMap((power) => [power, 2 * power, 5 * power]);
  const above = decades.findIndex((tick) => tick >= most);
  const below = decades.findLastIndex((tick) => tick <= least);
  return { values: decades.slice(below, above + 1), scale: Math.log };
}

/** @returns a self-contained SVG, 560 x 340 */
export function drawComparison(title: string, curves: readonly Curve[]): string {
  const points = curves.flatMap((curve) => curve.points);
  const lastStep = Math.max(...points.map(([step]) => step));
  const losses = points.map(([, loss]) => loss);
  const ticks = lossTicks(Math.min(...losses), Math.max(...losses));
  const [low = 0, high = 1] = [ticks.values[0], ticks.values.at(-1)].map((tick) => ticks.scale(tick ?? 0));
  const x = (step: number) => (panel.left + (step / lastStep) * (panel.right - panel.left)).toFixed(1);
  const y = (loss: number) =>
    (panel.bottom - ((ticks.scale(loss) - low) / (high - low)) * (panel.bottom - panel.top)).toFixed(1);
  const stepTicks = Array.from({ length: Math.floor(lastStep / 50) + 1 }, (_, i) => 50 * i);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<title>${title}: training loss over the steps</title>`,
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    `<text x="${panel.left}" y="20" font-size="16">${title}</text>`,
    ...ticks.values.map(
      (tick) =>
        `<path d="M${panel.left} ${y(tick)}H${panel.right}" stroke="#ddd"/><text x="${panel.left - 8}" y="${y(tick)}" dy="4" text-anchor="end">${tick.toFixed(tick < 5 ? 1 : 0)}</text>`,
    ),
    ...stepTicks.map((tick) => `<text x="${x(tick)}" y="${panel.bottom + 18}" text-anchor="middle">${tick}</text>`),
    `<path d="M${panel.left} ${panel.top}V${panel.bottom}H${panel.right}" stroke="#222" fill="none"/>`,
    `<text x="${(panel.left + panel.right) / 2}" y="${panel.bottom + 40}" text-anchor="middle">step</text>`,
    `<text transform="translate(18 ${(panel.top + panel.bottom) / 2}) rotate(-90)" text-anchor="middle">training loss</text>`,
    ...curves.flatMap(({ name, points: own }, i) => {
      const color = colors[i % colors.length];
      const line = own.map(([step, loss], k) => `${k === 0 ? 'M' : 'L'}${x(step)} ${y(loss)}`).join('');
      const key = panel.right - 110 * (curves.length - i);
      return [
        `<path d="${line}" stroke="${color}" stroke-width="2" fill="none"/>`,
        `<path d="M${key} 38h20" stroke="${color}" stroke-width="2"/><text x="${key + 26}" y="42">${name}</text>`,
      ];
    }),
    '</svg>\n',
  ].join('\n');
}
