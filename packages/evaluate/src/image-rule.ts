import { image, type Rule } from '@cnnzoo/checks';
import type { Image } from '@cnnzoo/transforms';

export const imageRule: Rule<Image> = image<Image>();
