export { type CreatedNetwork, type CreateNetworkOptions, createNetwork } from './create-network.js';
