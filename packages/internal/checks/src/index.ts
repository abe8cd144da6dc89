export { image } from './image.js';
export { nearestNames } from './nearest-names.js';
export { integer, number, oddInteger, positive } from './numbers.js';
export { checkFewOptions, checkOptions, type OptionRules, record } from './options.js';
export { check, checkedLater, either, faultOf, nullOr, type OptionalRule, optional, type Rule, rule } from './rule.js';
export { shown } from './shown.js';
export { type Size2d, size2d, sizePair } from './size-2d.js';
export { isTensor, layer, layersModel, symbolicTensor, type TensorLike, tensor } from './tfjs-objects.js';
export { abortSignal, boolean, callable, listOf, oneOf, string, text } from './values.js';
