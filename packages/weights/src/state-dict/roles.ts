/** tfjs's names of a layer's weights, and the roles that PyTorch gives the same things. Other names stay as they are. */
const roles: Readonly<Record<string, string>> = {
  kernel: 'weight',
  depthwise_kernel: 'weight',
  gamma: 'weight',
  alpha: 'weight',
  embeddings: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** PyTorch's role of a weight that tfjs and Keras call `name`. */
export function weightRole(name: string): string {
  return Object.hasOwn(roles, name) ? String(roles[name]) : name;
}
