import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { clearingOf, companyRevenue } from '../../src/ledger/account-names.ts';
import { signSandboxWebhook } from '../../src/payments/provider/sandbox-webhook.ts';
import { setPrice, startHeidrun } from '../support/start-heidrun.ts';
import {
  holdBackDays,
  type MoneyModel,
  type PayoutToken,
  payoutTokens,
  type PayToken,
  payTokens,
} from './money-model.ts';
import { limits } from './model-payments.ts';
import { createSweeper } from './sweeper.ts';

const { PaymentMethodKind: Kind, PaymentPurpose: Purpose } = heidrun;
const model = 'gpt-4o';

/** Names that the service knows what a run calls by number. */
export interface Cast {
  users: string[];
  methods: Map<PayToken | PayoutToken, string>[];
  providers: string[];
}

/** Heidrun over gRPC on a real database; what it does by itself, it does when `sweep` asks for it. */
export async function openMoneyMarket() {
  const keys = `test:${randomBytes(32).toString('base64')}`;
  const payments = {
    ...{ minTopUpCents: Number(limits.minTopUp), maxTopUpCents: Number(limits.maxTopUp) },
    ...{ minPayoutCents: Number(limits.minPayout), creditChargePercent: Number(limits.creditChargePercent) },
    ...{ retryAfterSeconds: limits.retryAfterSeconds, topUpExpirySeconds: limits.topUpExpirySeconds },
    ...{ autoTopUpFailures: limits.autoTopUpFailures, webhookRetentionDays: 90, holdBackDays, verificationAttempts: 3 },
    ...{ sweepIntervalMs: 600_000, watchIntervalMs: 3_600_000 },
  };
  const h = await startHeidrun({ secrets: { HEIDRUN_PAYMENT_KEYS: keys }, settings: { payments } });
  const { pool } = h.database;
  const admin = h.client(heidrun.PaymentServiceService, { subject: 'root', roles: ['admin'] });
  const njordr = h.client(heidrun.PaymentServiceService);
  const posted = async (accountId: string) =>
    (await h.ledger.getAccount({ accountId }).catch(() => undefined))?.account?.postedCents ?? 0n;
  let answers = true;
  /** Without its tables the payment provider can do nothing. @returns whether it answers from here on */
  const toggleProvider = async () => {
    for (const table of ['sandbox_charges', 'sandbox_payouts']) {
      const [from, to] = answers ? [table, `lost_${table}`] : [`lost_${table}`, table];
      await pool.query(`ALTER TABLE ${from} RENAME TO ${to}`);
    }
    return (answers = !answers);
  };
  return {
    ...{ h, pool, admin, preAuth: h.preAuth, settlement: h.client(heidrun.SettlementServiceService) },
    sweep: createSweeper(h, keys, payments),
    close: () => h.close(),
    books: async () => ({ revenue: await posted(companyRevenue), clearing: await posted(clearingOf('sandbox')) }),
    violations: async () => (await h.ledger.verifyLedger({ maxViolations: 0 })).violations,
    /** People and devices of a run's own, so that runs share nothing but the company's books. */
    async cast({ users, providers }: Pick<MoneyModel, 'users' | 'providers'>): Promise<Cast> {
      const run = randomUUID().slice(0, 8);
      const names = users.map((_, index) => `user-${run}-${index}`);
      const methods = await Promise.all(names.map((userId) => addMethods(admin, userId)));
      const devices = providers.map(async ({ owner, inputPrice, outputPrice, unit }, index) => {
        const price = { priceCents: inputPrice, outputPriceCents: outputPrice, priceUnitTokens: unit };
        const name = `provider-${run}-${index}`;
        await setPrice(h, name, { ownerId: names[owner] ?? '', model, ...price });
        return name;
      });
      return { users: names, methods, providers: await Promise.all(devices) };
    },
    /** What a run left unfinished stays so: it would change the company's books during the next one. */
    async endRun() {
      if (!answers) await toggleProvider();
      await pool.query('DELETE FROM money_settings');
      await pool.query(`UPDATE top_ups SET next_attempt_at = 'infinity' WHERE status = 'PENDING'`);
      await pool.query(`UPDATE payouts SET next_attempt_at = 'infinity' WHERE status IN ('PENDING', 'IN_TRANSIT')`);
    },
    toggleProvider,
    /** A signed notification about one of our charges or payouts, named as the payment provider knows it. */
    async notify(type: string, operation: string, more: Record<string, unknown> = {}) {
      const reference = `sbx_${createHash('sha256').update(operation).digest('hex').slice(0, 24)}`;
      const body = Buffer.from(JSON.stringify({ id: randomUUID(), type, reference, ...more }));
      const headers = { 'x-sandbox-signature': signSandboxWebhook(body) };
      return njordr.handlePaymentWebhook({ idempotencyKey: '', paymentProvider: 'sandbox', body, headers });
    },
  };
}

export type MoneyMarket = Awaited<ReturnType<typeof openMoneyMarket>>;

async function addMethods(admin: MoneyMarket['admin'], userId: string): Promise<Cast['methods'][number]> {
  const ids: Cast['methods'][number] = new Map();
  const wanted = [
    ...payTokens.map((token) => ({ token, kind: Kind.CARD, purposes: [Purpose.PAY] })),
    ...payoutTokens.map((token) => ({ token, kind: Kind.BANK_ACCOUNT, purposes: [Purpose.PAYOUT] })),
  ];
  // The first of each becomes the default.
  for (const method of wanted) {
    const request = { idempotencyKey: randomUUID(), userId, ...method };
    const added = await admin.addPaymentMethod(heidrun.AddPaymentMethodRequest.fromPartial(request));
    const paymentMethodId = added.paymentMethod?.id ?? '';
    ids.set(method.token, paymentMethodId);
    if (method.token !== 'tok_sandbox_action_required') continue;
    const code = { idempotencyKey: randomUUID(), userId, paymentMethodId, verificationCode: 'confirmed' };
    await admin.verifyPaymentMethod(code);
  }
  return ids;
}
