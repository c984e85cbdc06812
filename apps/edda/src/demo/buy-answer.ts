import { heidrun, njordr } from '@edda/contracts';
import { type Logger } from '@edda/telemetry';
import { clientOf, type MarketUser, tokensOf } from '../market/market-user.ts';
import { type Market } from '../market/market.ts';
import { type Teller } from './teller.ts';

/** One request from prompt to ledger. */
export interface Purchase {
  receipt: njordr.Receipt;
  decision: njordr.RoutingDecision;
  /** The ledger entries of this transaction. */
  transfers: readonly heidrun.Transfer[];
  ledger: heidrun.VerifyLedgerResponse;
}

const model = 'builtin-ngram';
const maxOutputTokens = 120n;

/** Sends the prompt, streams the answer to the teller, and collects what the market says about it afterwards. */
export async function buyAnswer(
  market: Market,
  user: MarketUser,
  prompt: string,
  tell: Teller,
  logger: Logger,
): Promise<Purchase> {
  const token = tokensOf(market, user);
  const compute = clientOf(njordr.ComputeServiceService, market.addresses.njordr, token, logger);
  const admin: MarketUser = { subject: 'auditor', networkId: user.networkId, roles: ['admin'] };
  const ledger = clientOf(heidrun.LedgerServiceService, market.addresses.heidrun, tokensOf(market, admin), logger);
  try {
    const request = njordr.ExecuteRequestRequest.fromPartial({
      parameters: { model, prompt, maxOutputTokens, seed: 1n },
    });
    tell.asked(prompt);
    let receipt: njordr.Receipt | undefined;
    for await (const { event } of compute.executeRequest(request, { deadlineMs: 60_000 })) {
      if (event?.$case === 'chunk') tell.chunk(event.value.content);
      if (event?.$case === 'receipt') receipt = event.value;
    }
    if (receipt === undefined) throw new Error('the stream ended without a receipt');
    const { decision } = await compute.explainRouting(
      njordr.ExplainRoutingRequest.fromPartial({ requestId: receipt.requestId }),
    );
    if (decision === undefined) throw new Error('the routing decision is missing');
    const { transfers } = await ledger.listTransfers(
      heidrun.ListTransfersRequest.fromPartial({ transactionId: receipt.transactionId }),
    );
    return { receipt, decision, transfers, ledger: await ledger.verifyLedger({ maxViolations: 10 }) };
  } finally {
    compute.close();
    ledger.close();
  }
}
