export { openDataFolder } from '../data/data-folder.ts';
export { freePorts } from './market-ports.ts';
export { ensureFunds, ensurePaymentMethod, type MarketUser, tokensOf } from './market-user.ts';
export { type Market, startMarket } from './start-market.ts';
export { until } from './until.ts';
