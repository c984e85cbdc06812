import { randomUUID } from 'node:crypto';
import { heidrun, njordr, nornen, settings } from '@edda/contracts';
import { type RpcService } from '@edda/grpc-kit';
import { buyAnswer } from '../../src/demo/buy-answer.ts';
import { silentTeller } from '../../src/demo/teller.ts';
import { clientOf, type MarketUser, tokensOf } from '../../src/market/market-user.ts';
import { type TestMarket } from '../market-setup.ts';
import { useMoney } from './audit-money.ts';

/** Texts that must appear in no audit record. */
export const secrets = {
  prompt: 'Wherefore does the nightingale keep its secret?',
  sealedToken: 'tok_sandbox_sepa',
  verificationCode: '12,34',
} as const;

const otto: MarketUser = { subject: 'otto', networkId: 'demo', roles: ['user', 'provider'] };
const operator: MarketUser = { subject: 'operator', networkId: 'demo', roles: ['admin'] };
const admin: MarketUser = { subject: 'auditor', networkId: 'demo', roles: ['admin'] };
const service: MarketUser = { subject: 'njordr', networkId: 'demo', roles: ['service'] };

/** Calls every mutation the services have, once. What `openTestMarket` did before belongs to it. */
export async function auditJourney(open: TestMarket): Promise<{ answer: string }> {
  const { market, requester, logger } = open;
  const clients: { close(): void }[] = [];
  const client = <const Service extends RpcService>(
    definition: Service,
    name: keyof typeof market.addresses,
    who: MarketUser,
  ) => {
    const made = clientOf(definition, market.addresses[name], tokensOf(market, who), logger);
    clients.push(made);
    return made;
  };
  try {
    let answer = '';
    const teller = { ...silentTeller, chunk: (text: string) => void (answer += text) };
    const { receipt } = await buyAnswer(market, requester, secrets.prompt, teller, logger);
    const compute = client(njordr.ComputeServiceService, 'njordr', requester);
    const parameters = { model: 'builtin-ngram', prompt: secrets.prompt, maxOutputTokens: 4n };
    const created = njordr.CreateRequestRequest.fromPartial({ idempotencyKey: randomUUID(), parameters });
    await compute.createRequest(created);
    const payments = (who: MarketUser) => client(heidrun.PaymentServiceService, 'heidrun', who);
    await useMethods(payments(requester));
    await useMoney(payments(requester), payments(operator), payments(otto));
    await useHolds(client(heidrun.PreAuthServiceService, 'heidrun', service), open.agent.providerId);
    await client(heidrun.SettlementServiceService, 'heidrun', service).refund(
      heidrun.RefundRequest.fromPartial({
        ...{ idempotencyKey: randomUUID(), requestId: receipt.requestId, transactionId: receipt.transactionId },
        ...{ amountCents: 1n, reason: 'goodwill' },
      }),
    );
    await client(heidrun.TokenServiceService, 'heidrun', service).trackTokens(
      heidrun.TrackTokensRequest.fromPartial({
        ...{ idempotencyKey: randomUUID(), requestId: 'tracked', providerId: open.agent.providerId, userId: 'ada' },
        ...{ networkId: 'demo', model: 'builtin-ngram', inputTokens: 1n, outputTokens: 1n },
      }),
    );
    await client(nornen.DecisionServiceService, 'nornen', service).decideRequest(
      nornen.DecideRequestRequest.fromPartial({
        ...{ idempotencyKey: randomUUID(), requestId: 'asked', requesterId: 'ada', networkId: 'demo' },
        ...{ model: 'builtin-ngram', outputBudgetTokens: 1n, maxCostCents: 1n },
      }),
    );
    const settingsOf = client(settings.SettingsServiceService, 'heidrun', admin);
    await settingsOf.updateSettings(
      settings.UpdateSettingsRequest.fromPartial({
        ...{ idempotencyKey: randomUUID(), reason: 'seal sooner' },
        changes: [{ path: 'audit.seal.intervalMs', valueJson: '500' }],
      }),
    );
    await client(nornen.AdminServiceService, 'nornen', admin).pushSettings(
      nornen.PushSettingsRequest.fromPartial({
        ...{ idempotencyKey: randomUUID(), reason: 'seal sooner', service: 'nornen' },
        changes: [{ path: 'audit.seal.intervalMs', valueJson: '500' }],
      }),
    );
    await settingsOf.reloadSettings({ idempotencyKey: randomUUID() });
    await useProvider(client(njordr.ProviderServiceService, 'njordr', otto), open.agent.providerId);
    return { answer };
  } finally {
    for (const each of clients) each.close();
  }
}

type Payments = ReturnType<typeof clientOf<typeof heidrun.PaymentServiceService>>;

async function useMethods(payments: Payments): Promise<void> {
  const { paymentMethod } = await payments.addPaymentMethod(
    heidrun.AddPaymentMethodRequest.fromPartial({
      ...{ idempotencyKey: randomUUID(), kind: heidrun.PaymentMethodKind.SEPA_DEBIT },
      ...{ purposes: [heidrun.PaymentPurpose.PAY], token: secrets.sealedToken },
    }),
  );
  const paymentMethodId = paymentMethod?.id ?? '';
  const named = () => ({ idempotencyKey: randomUUID(), userId: '', paymentMethodId });
  await payments.verifyPaymentMethod({ ...named(), verificationCode: secrets.verificationCode });
  await payments.setDefaultPaymentMethod({ ...named(), purpose: heidrun.PaymentPurpose.PAY });
  await payments.removePaymentMethod(named());
}

type PreAuth = ReturnType<typeof clientOf<typeof heidrun.PreAuthServiceService>>;

async function useHolds(preAuth: PreAuth, providerId: string): Promise<void> {
  const transactionId = randomUUID();
  const { preauthId } = await preAuth.preAuthorize(
    heidrun.PreAuthorizeRequest.fromPartial({
      ...{ idempotencyKey: randomUUID(), requestId: 'held', transactionId, requesterId: 'ada', networkId: 'demo' },
      ...{ candidates: [{ providerId }], model: 'builtin-ngram', maxOutputTokens: 100n },
      tokens: { $case: 'inputTokens', value: 100n },
    }),
  );
  await preAuth.cancelPreAuth({ idempotencyKey: randomUUID(), requestId: 'held', preauthId, reason: 'not needed' });
}

type Providers = ReturnType<typeof clientOf<typeof njordr.ProviderServiceService>>;

async function useProvider(providers: Providers, providerId: string): Promise<void> {
  const named = () => ({ idempotencyKey: randomUUID(), providerId });
  await providers.updateProvider(
    njordr.UpdateProviderRequest.fromPartial({
      ...named(),
      configuration: { displayName: 'Cellar' },
      updateMask: ['display_name'],
    }),
  );
  const { MAINTENANCE } = njordr.ProviderAvailability;
  await providers.setProviderAvailability({ ...named(), availability: MAINTENANCE, reason: 'cleaning' });
  await providers.unregisterProvider({ ...named(), reason: 'sold' });
}
