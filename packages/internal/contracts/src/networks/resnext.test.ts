import { describeNetworks } from '../network-contract.js';

describeNetworks('resnext');
