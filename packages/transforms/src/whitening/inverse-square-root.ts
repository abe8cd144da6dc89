/**
 * The inverse square root of a symmetric matrix whose eigenvalues are above 0.
 * @param values [n, n], row by row
 */
export async function inverseSquareRoot(values: Float64Array, n: number): Promise<Float64Array> {
  // When it is needed, because few programs need it.
  const { EigenvalueDecomposition, Matrix } = await import('ml-matrix');
  const symmetric = Matrix.from1DArray(n, n, values);
  const { eigenvectorMatrix: vectors, realEigenvalues } = new EigenvalueDecomposition(symmetric, {
    assumeSymmetric: true,
  });
  const scaled = vectors.clone().mulRowVector(realEigenvalues.map((value) => 1 / Math.sqrt(value)));
  return Float64Array.from(scaled.mmul(vectors.transpose()).to1DArray());
}
