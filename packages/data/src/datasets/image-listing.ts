import type { ArchivePart } from '../archives/archive-entry.js';
import { DataError } from '../data-error.js';
import { imageEnding } from '../images/image-format.js';
import { sortByCodePoints } from './code-point-order.js';

/** Files that were left out of a data set for one reason. */
export interface LeftOut {
  readonly reason: 'hidden' | 'no image by its name' | 'a link to nothing' | 'in no class';
  readonly count: number;
  /** The path of one of them. */
  readonly example: string;
}

/** The images of a folder or archive, class by class. */
export interface ListedImages {
  readonly categories: readonly string[];
  /** The path of each image below the root, with forward slashes. */
  readonly paths: readonly string[];
  readonly labels: Int32Array;
  /** Where each image is in an archive. */
  readonly parts: readonly (ArchivePart | undefined)[];
}

/** Names of images, and where they are in an archive. */
type Folder = Map<string, ArchivePart | undefined>;

/** Collects the files of a folder or archive by class and folder. */
export class ImageListing {
  /** Class, then folder below the root, then name. */
  readonly #classes = new Map<string, Map<string, Folder>>();
  readonly #hidden = new Set<string>();
  /** Files of one folder mostly come after each other. */
  #last: { folder: string | undefined; images: Folder | undefined } = { folder: undefined, images: undefined };
  readonly #leftOut = new Map<LeftOut['reason'], { count: number; example: string }>();

  /** Notes that there is a class, whether it has images or not. */
  addClass(name: string): void {
    if (!this.#classes.has(name)) this.#classes.set(name, new Map());
  }

  /**
   * Adds a file. Of two with one path the later counts, as where a tar is unpacked.
   * @param folder below the root, CLASS/…; '' for the root
   */
  addFile(folder: string, name: string, part?: ArchivePart): void {
    const images = folder === this.#last.folder ? this.#last.images : this.#imagesOf(folder);
    this.#last = { folder, images };
    if (images === undefined || name.startsWith('.')) this.#leaveOutFile(folder, name);
    else if (imageEnding.test(name)) images.set(name, part);
    else this.leaveOut('no image by its name', folder, name);
  }

  /** The images of a folder; undefined where none of its files is one of a class. */
  #imagesOf(folder: string): Folder | undefined {
    const slash = folder.indexOf('/');
    const category = slash < 0 ? folder : folder.slice(0, slash);
    if (category === '' || isHidden(category)) return undefined;
    this.addClass(category);
    if (isHidden(folder)) return undefined;
    const folders = this.#classes.get(category);
    const images = folders?.get(folder) ?? new Map();
    folders?.set(folder, images);
    return images;
  }

  #leaveOutFile(folder: string, name: string): void {
    if (name.startsWith('.') || isHidden(folder)) this.leaveOutHidden(folder === '' ? name : `${folder}/${name}`);
    else this.leaveOut('in no class', folder, name);
  }

  /** Counts what is hidden: of a hidden folder that alone, whatever is in it. */
  leaveOutHidden(path: string): void {
    const [hidden = path] = /^.*?(?:(?<=^|\/)\.[^/]*|^__MACOSX)/.exec(path) ?? [];
    if (this.#hidden.has(hidden)) return;
    this.#hidden.add(hidden);
    const slash = hidden.lastIndexOf('/');
    this.leaveOut('hidden', hidden.slice(0, Math.max(0, slash)), hidden.slice(slash + 1));
  }

  leaveOut(reason: LeftOut['reason'], folder: string, name: string): void {
    const known = this.#leftOut.get(reason);
    if (known === undefined)
      this.#leftOut.set(reason, { count: 1, example: folder === '' ? name : `${folder}/${name}` });
    else known.count++;
  }

  get leftOut(): readonly LeftOut[] {
    return [...this.#leftOut].map(([reason, { count, example }]) => ({ reason, count, example }));
  }

  /**
   * The images in the order of torchvision's ImageFolder: by class, in each by folder, in each by name, all by code points.
   * @param place for messages
   * @param classes the names of all classes in the order of their labels. Default: those that there are, sorted
   */
  sorted(place: string, classes: readonly string[] | undefined): ListedImages {
    const found = sortByCodePoints([...this.#classes.keys()]);
    const categories = classes ?? found;
    if (classes !== undefined) {
      const known = new Set(classes);
      const unknown = found.find((name) => !known.has(name));
      if (unknown !== undefined)
        throw new DataError(`${place}/${unknown}`, `a class that is not among the ${classes.length} given as classes`);
    }
    const paths: string[] = [];
    const labels: number[] = [];
    const parts: (ArchivePart | undefined)[] = [];
    for (const [label, category] of categories.entries()) {
      const folders = this.#classes.get(category);
      const before = paths.length;
      for (const folder of sortByCodePoints([...(folders?.keys() ?? [])])) {
        const images = folders?.get(folder);
        for (const name of sortByCodePoints([...(images?.keys() ?? [])])) {
          paths.push(`${folder}/${name}`);
          labels.push(label);
          parts.push(images?.get(name));
        }
      }
      if (paths.length === before && classes === undefined)
        throw new DataError(`${place}/${category}`, 'a class without images; where that is right, name all as classes');
    }
    if (paths.length === 0)
      throw new DataError(place, `no images in folders, one folder per class${this.#leftOutText()}`);
    return { categories, paths, labels: Int32Array.from(labels), parts };
  }

  #leftOutText(): string {
    const reasons = this.leftOut.map(({ reason, count, example }) => `${count} ${reason}, such as '${example}'`);
    return reasons.length === 0 ? '' : `; left out: ${reasons.join('; ')}`;
  }
}

/** Whether a folder, or one that it is in, is hidden, or the one in which macOS puts what its archives have besides the files. */
export function isHidden(folder: string): boolean {
  return folder.startsWith('.') || folder.includes('/.') || /^__MACOSX(\/|$)/.test(folder);
}
