/** The list of the user's classes, with their examples. */
import { element } from './elements.js';
import { canvasOf } from './images.js';

export interface TaughtClass {
  name: string;
  readonly examples: ImageData[];
}

export interface ClassListOptions {
  /** The image above, or null where there is none. */
  readonly currentImage: () => ImageData | null;
  /** Reads files as examples. */
  readonly read: (files: readonly File[]) => Promise<ImageData[]>;
  /** Called when classes or examples have changed. */
  readonly onChange: () => void;
}

/** Draws the classes into `list`, and adds to them what the user gives. */
export function classList(list: HTMLElement, { currentImage, read, onChange }: ClassListOptions) {
  const classes: TaughtClass[] = [];

  function add(): void {
    const taught: TaughtClass = { name: `class ${classes.length + 1}`, examples: [] };
    classes.push(taught);
    const name = element('input', { type: 'text', value: taught.name, ariaLabel: 'Name of the class' });
    name.addEventListener('input', () => {
      taught.name = name.value;
      onChange();
    });
    const use = element('button', { type: 'button', textContent: 'Add the image above' });
    const files = element('input', { type: 'file', accept: 'image/*', multiple: true });
    const choose = element('label', { className: 'button', textContent: 'Add files' }, files);
    const count = element('span', { className: 'count', textContent: '0 examples' });
    const shown = element('div', { className: 'examples' });
    const remove = element('button', { type: 'button', textContent: 'Remove' });
    const give = (images: readonly ImageData[]) => {
      taught.examples.push(...images);
      shown.append(...images.map(canvasOf));
      count.textContent = `${taught.examples.length} ${taught.examples.length === 1 ? 'example' : 'examples'}`;
      onChange();
    };
    use.addEventListener('click', () => {
      const image = currentImage();
      if (image !== null) give([image]);
    });
    files.addEventListener('change', async () => {
      const chosen = [...(files.files ?? [])];
      files.value = '';
      give(await read(chosen));
    });
    const row = element('div', { className: 'row' }, name, use, choose, remove, count);
    const item = element('li', {}, row, shown);
    remove.addEventListener('click', () => {
      classes.splice(classes.indexOf(taught), 1);
      item.remove();
      onChange();
    });
    list.append(item);
    onChange();
  }

  return { classes: classes as readonly TaughtClass[], add };
}
