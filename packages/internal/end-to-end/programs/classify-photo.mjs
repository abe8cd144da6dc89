/** What ResNet-18, with weights of a mirror, sees in photo.png, as JSON. Run: node classify-photo.mjs MIRROR CACHE */
const [, , mirror, cache] = process.argv;
Object.assign(process.env, { CNNZOO_MIRROR: mirror, CNNZOO_CACHE: cache });
const { loadClassifier } = await import('cnnzoo');
const classifier = await loadClassifier('resnet18.tv_in1k');
console.log(JSON.stringify(await classifier.classify('photo.png')));
await classifier.dispose();
