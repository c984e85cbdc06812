import { type Logger } from '@edda/telemetry';
import { composeMarket, type MarketPlan } from './compose-market.ts';
import { inProcess } from './in-process.ts';
import { type Market } from './market.ts';

export interface MarketOptions extends Omit<MarketPlan, 'logger'> {
  /** One for each service, by its name. */
  loggerFor: (service: string) => Logger;
}

/** A whole market in this process. What fails to start leaves nothing running. */
export function startMarket({ loggerFor, ...plan }: MarketOptions): Promise<Market> {
  return composeMarket({ ...plan, logger: loggerFor('edda') }, inProcess(loggerFor));
}
