/** Pictures for those who have none at hand, drawn by the page. */
import { element } from '../elements.js';
import { contextOf } from '../pixels.js';

const side = 320;

type Draw = (context: CanvasRenderingContext2D) => void;

function polygon(context: CanvasRenderingContext2D, color: string, ...points: readonly (readonly [number, number])[]) {
  context.fillStyle = color;
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.fill();
}

function sky(context: CanvasRenderingContext2D, below: string): void {
  const gradient = context.createLinearGradient(0, 0, 0, side);
  gradient.addColorStop(0, '#5b9bd8');
  gradient.addColorStop(1, below);
  context.fillStyle = gradient;
  context.fillRect(0, 0, side, side);
}

export const scenes: Readonly<Record<string, Draw>> = {
  'An airplane': (context) => {
    sky(context, '#cfe4f7');
    context.translate(160, 165);
    context.rotate(-0.12);
    polygon(context, '#8d98a5', [-20, 0], [40, -62], [62, -62], [32, 4]);
    polygon(context, '#b9c3cd', [-120, 2], [-128, -52], [-106, -52], [-82, -8]);
    context.fillStyle = '#e9eef2';
    context.beginPath();
    context.ellipse(5, 2, 135, 21, 0, 0, 2 * Math.PI);
    context.fill();
    polygon(context, '#6d7884', [-30, 8], [36, 6], [-28, 76], [-52, 76]);
    polygon(context, '#44515e', [112, -6], [130, -4], [133, 2], [108, 0]);
  },
  'A ship': (context) => {
    sky(context, '#dbe8f2');
    context.fillStyle = '#2d5f86';
    context.fillRect(0, 205, side, 115);
    polygon(context, '#7b1f1f', [30, 190], [295, 190], [262, 238], [62, 238]);
    polygon(context, '#23303c', [22, 165], [305, 165], [295, 200], [30, 200]);
    context.fillStyle = '#f3f5f7';
    context.fillRect(75, 120, 160, 46);
    context.fillRect(105, 88, 95, 34);
    context.fillStyle = '#c8502e';
    context.fillRect(132, 48, 34, 42);
    context.fillStyle = '#2f3b46';
    for (let x = 85; x < 225; x += 22) context.fillRect(x, 134, 12, 12);
  },
  'A truck': (context) => {
    sky(context, '#dfe6ea');
    context.fillStyle = '#6c6f70';
    context.fillRect(0, 230, side, 90);
    context.fillStyle = '#e4e7e9';
    context.fillRect(20, 80, 185, 145);
    polygon(context, '#b3342b', [210, 120], [268, 120], [298, 172], [298, 228], [210, 228]);
    polygon(context, '#25313b', [228, 132], [262, 132], [280, 170], [228, 170]);
    context.fillStyle = '#343a40';
    context.fillRect(20, 224, 280, 14);
    for (const x of [70, 160, 255]) {
      context.fillStyle = '#15181b';
      context.beginPath();
      context.arc(x, 240, 27, 0, 2 * Math.PI);
      context.fill();
      context.fillStyle = '#9aa3ab';
      context.beginPath();
      context.arc(x, 240, 11, 0, 2 * Math.PI);
      context.fill();
    }
  },
};

/** The scene as a file, as if it had been dropped. */
export function sceneFile(draw: Draw): Promise<Blob> {
  const canvas = element('canvas', { width: String(side), height: String(side) });
  draw(contextOf(canvas));
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('the browser made no picture')) : resolve(blob)));
  });
}
