export { openDataFolder } from '../data/data-folder.ts';
export { type Market } from './market.ts';
export { freePorts } from './market-ports.ts';
export { ensureFunds, ensurePaymentMethod, type MarketUser, tokensOf } from './market-user.ts';
export { startMarket } from './start-market.ts';
export { until } from './until.ts';
