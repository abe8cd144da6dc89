export { cifarAllCnnA, cifarAllCnnB, cifarAllCnnC } from './all-cnn.js';
export { cifarElu11, cifarElu18 } from './elu-network.js';
export { type CifarFitnetOptions, cifarFitnet4 } from './fitnet.js';
export { type CifarHighwayOptions, cifarHighway } from './highway.js';
export { mnistFitnet } from './mnist-fitnet.js';
export { cifarDsn, cifarNin, nin } from './nin.js';
