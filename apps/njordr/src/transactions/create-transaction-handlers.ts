import { type njordr } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type Handlers, parseWith } from '@edda/grpc-kit';
import { type Pool } from 'pg';
import { z } from 'zod';
import { createListTransactions } from './list-transactions.ts';
import { looksAsProvider, type TransactionReads, viewerOf } from './transaction-reads.ts';
import { toTransaction } from './to-transaction.ts';
import { text } from '../text-field.ts';

const schema = z.object({ transactionId: text(0, 128) });

/** GetTransaction and ListTransactions; refunds and disputes are not offered yet. */
export function createTransactionHandlers(deps: { pool: Pool; reads: TransactionReads }) {
  const { reads } = deps;
  return {
    async getTransaction(request, { identity }) {
      const { transactionId } = parseWith(schema, request);
      const viewer = viewerOf(identity);
      const row = await reads.byTransaction(transactionId, viewer);
      if (row === undefined) throw commonFaults.NOT_FOUND('No such transaction.');
      const legs = await reads.legsOf([row], viewer);
      return { transaction: toTransaction(row, legs.get(row.transactionId) ?? [], looksAsProvider(row, viewer)) };
    },
    listTransactions: createListTransactions(deps),
  } satisfies Handlers<njordr.TransactionServiceService>;
}
