import { describeAuxiliaryHeads, describeNetworks } from '../network-contract.js';

describeNetworks('inception');
describeAuxiliaryHeads();
