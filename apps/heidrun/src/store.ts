import { join } from 'node:path';

/** Heidrun's books without its server: what tools and measurements that work on the database itself need of it. */
export const migrationsDirectory = join(import.meta.dirname, '../prisma/migrations');

export { capturePosted, holdCreated } from './events/hold-events.ts';
export { clearingOf, rowOf, userKey, walletOf } from './ledger/account-names.ts';
export { invariants } from './ledger/invariants.ts';
export { postTransfers } from './ledger/post-transfers.ts';
export { readyToPay } from './payments/ready-to-pay.ts';
export { createBatchMetrics } from './preauth/batch-metrics.ts';
export { candidateToJson } from './preauth/candidate.ts';
export { captureTransfers } from './preauth/capture-transfers.ts';
export { decideHolds } from './preauth/decide-holds.ts';
export { decideResolutions } from './preauth/decide-resolutions.ts';
export { auditCaptured, auditHeld } from './preauth/hold-audit.ts';
export { type HoldFacts, priceKey } from './preauth/hold-facts.ts';
export { findEarlierHolds, lockWallets } from './preauth/hold-store.ts';
export { type HoldItem } from './preauth/hold-item.ts';
export { type Hold } from './preauth/hold.ts';
export { createPreAuthBatches } from './preauth/pre-auth-batches.ts';
export { type CaptureItem } from './preauth/resolution-item.ts';
export { claimHolds } from './preauth/resolution-store.ts';
export { type SettledCapture } from './preauth/settle-capture.ts';
export { insertPrice, pricesInForceOf } from './pricing/price-store.ts';
