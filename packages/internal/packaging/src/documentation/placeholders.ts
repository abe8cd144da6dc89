/** What the examples in docstrings take for granted, so that each shows one thing only: a name the reader has, and its type. */
const placeholders = {
  x: "import('@tensorflow/tfjs-layers').SymbolicTensor",
  images: "import('@tensorflow/tfjs-core').Tensor4D",
  model: "import('@tensorflow/tfjs-layers').LayersModel",
  image: "import('@cnnzoo/transforms').Image",
  loader: "import('@cnnzoo/train').Loader",
  history: "import('@cnnzoo/train').History",
  testSet: "import('@cnnzoo/evaluate').LabelledImages",
} as const;

/** Declarations of the placeholders that a program uses and does not declare itself. */
export function declarePlaceholders(code: string): string {
  const used = Object.entries(placeholders).filter(
    ([name]) =>
      new RegExp(`(?<![.\\w'])${name}\\b(?![:'])`).test(code) &&
      !new RegExp(`\\b(?:const|let|function)\\s+${name}\\b|[{,(]\\s*${name}\\s*[,})].*(?:=>|=)`).test(code),
  );
  return used.map(([name, type]) => `declare const ${name}: ${type};\n`).join('');
}
