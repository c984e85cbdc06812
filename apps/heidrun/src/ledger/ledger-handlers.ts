import { type heidrun } from '@edda/contracts';
import { type Handlers } from '@edda/grpc-kit';
import { createGetAccount } from './get-account.ts';
import { type LedgerDeps } from './ledger-deps.ts';
import { createListTransfers } from './list-transfers.ts';
import { createVerifyLedger } from './verify-ledger.ts';

/** LedgerService: the books, read only. */
export function createLedgerHandlers(deps: LedgerDeps): Handlers<typeof heidrun.LedgerServiceService> {
  return {
    getAccount: createGetAccount(deps),
    listTransfers: createListTransfers(deps),
    verifyLedger: createVerifyLedger(deps),
  };
}
