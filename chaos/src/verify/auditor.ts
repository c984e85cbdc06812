import { type MarketUser } from '@edda/app-edda/separate';

/** Sees all tenants. */
export const auditor: MarketUser = { subject: 'auditor', networkId: 'demo', roles: ['admin'] };
