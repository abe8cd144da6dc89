/**
 * How much the loss of the auxiliary head of `inceptionV2` and `inceptionV3` counts beside the main one, as in torchvision's
 * and TF-slim's training.
 */
export const auxiliaryLossWeights: readonly number[] = [0.4];
