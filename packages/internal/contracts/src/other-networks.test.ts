import { isResidual } from './families.js';
import { describeAuxiliaryHeads, describeNetworks } from './network-contract.js';

describeNetworks((id) => !isResidual(id));
describeAuxiliaryHeads();
