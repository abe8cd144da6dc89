/** The pages that compute: what Markdown calls them, and their code. */

/** What a live page is: it fills its place until the reader leaves. */
export interface LivePageModule {
  mount(place: HTMLElement, left: AbortSignal): void;
}

export const livePages = {
  shapes: () => import('./shape-calculator.js'),
  'label-smoothing': () => import('./label-smoothing.js'),
  'receptive-field': () => import('./receptive-field.js'),
  digit: () => import('./digit/draw-digit.js'),
  picture: () => import('./picture/classify-picture.js'),
  training: () => import('./training/train-lenet.js'),
  composer: () => import('./composer/composer.js'),
} satisfies Readonly<Record<string, () => Promise<LivePageModule>>>;

export type LivePageName = keyof typeof livePages;
