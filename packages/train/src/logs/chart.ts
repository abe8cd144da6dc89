/** Curves in an SVG. */

/** A curve. */
export interface Series {
  readonly color: string;
  /** Radius of the dot at each point, in pixels. Default 2.5. */
  readonly dots?: number;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A part of an SVG with axes and curves. */
export interface Panel {
  /** Where the axis of y is, in pixels. */
  readonly left: number;
  /** Length of the axis of x, in pixels. */
  readonly width?: number;
  readonly xLabel: string;
  readonly yLabel: string;
  /** What a number on the axis of x is called. */
  readonly xTick?: (value: number) => string;
  readonly series: readonly Series[];
}

const panel = { width: 330, height: 230, top: 60 };

/** Draws curves over an axis of whole numbers, 230 high, as a part of an SVG. */
export function drawPanel({ left, width = panel.width, xLabel, yLabel, xTick = String, series }: Panel): string {
  const points = series.flatMap(({ points }) => points.filter(([, y]) => Number.isFinite(y)));
  const [xTicks, yTicks] = [
    ticks(
      points.map(([x]) => x),
      true,
    ),
    ticks(
      points.map(([, y]) => y),
      false,
    ),
  ];
  const scale = (value: number, all: readonly number[], length: number) => {
    const [low = 0, high = 1] = [all[0], all.at(-1)];
    return ((value - low) / (high - low)) * length;
  };
  const x = (value: number) => (left + scale(value, xTicks, width)).toFixed(1);
  const y = (value: number) => (panel.top + panel.height - scale(value, yTicks, panel.height)).toFixed(1);
  const right = left + width;
  const bottom = panel.top + panel.height;
  return [
    ...yTicks.map(
      (tick) =>
        `<path d="M${left} ${y(tick)}H${right}" stroke="#ddd"/><text x="${left - 8}" y="${y(tick)}" dy="4" text-anchor="end">${tick}</text>`,
    ),
    ...xTicks.map((tick) => `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${xTick(tick)}</text>`),
    `<path d="M${left} ${panel.top}V${bottom}H${right}" stroke="#222" fill="none"/>`,
    `<text x="${left + width / 2}" y="${bottom + 38}" text-anchor="middle">${xLabel}</text>`,
    `<text transform="translate(${left - 50} ${panel.top + panel.height / 2}) rotate(-90)" text-anchor="middle">${yLabel}</text>`,
    ...series.map(({ color, dots: radius = 2.5, points: all }) => {
      // What is not finite has no place on the axis.
      const points = all.filter(([, value]) => Number.isFinite(value));
      const line = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('');
      const dots = points
        .map(([px, py]) => `<circle cx="${x(px)}" cy="${y(py)}" r="${radius}" fill="${color}"/>`)
        .join('');
      return `<path d="${line}" stroke="${color}" stroke-width="2" fill="none"/>${dots}`;
    }),
  ].join('\n');
}

/** Round numbers from below the smallest to above the largest value, about five. */
function ticks(values: readonly number[], whole: boolean): number[] {
  const low = values.length === 0 ? 0 : Math.min(...values);
  const high = values.length === 0 ? 1 : Math.max(...values);
  const rough = (high - low || Math.abs(high) || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const round = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? rough;
  const step = whole ? Math.max(1, Math.round(round)) : round;
  const first = Math.floor(low / step);
  const last = Math.max(Math.ceil(high / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)));
}

/** Text as it stands in XML. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
