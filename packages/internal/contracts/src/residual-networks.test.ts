import { isResidual } from './families.js';
import { describeNetworks } from './network-contract.js';

describeNetworks(isResidual);
