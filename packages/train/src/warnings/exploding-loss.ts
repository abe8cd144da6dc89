/**
 * How many times the loss of the first step, and of guessing, is too much. Warming up and noisy batches give a few times as much, a learning
 * rate that is too high hundreds and more within some steps.
 */
const factor = 10;

/** Watches the loss of each step. @param classes of the network @returns what is wrong, or null */
export function watchLoss(classes: number): (loss: number, step: number, learningRate: number) => string | null {
  let first: number | null = null;
  return (loss, step, learningRate) => {
    first ??= Math.max(loss, Math.log(Math.max(2, classes)));
    if (!(loss > factor * first)) return null;
    return (
      `the loss is ${Number(loss.toPrecision(3))} in step ${step}, ${Math.round(loss / first)} times that of the first: ` +
      `the learning rate, ${learningRate}, is too high. Try a tenth of it, warmUp() or clipping: { norm: 1 }.`
    );
  };
}
