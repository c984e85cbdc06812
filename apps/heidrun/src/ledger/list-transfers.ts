import { enumName, heidrun } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, pagePosition, takePage } from '@edda/pg-kit';
import { z } from 'zod';
import { fields, pageSizeOf } from '../fields.ts';
import { type Prisma } from '../gen/prisma/client.ts';
import { earningsOf, walletOf } from './account-names.ts';
import { type LedgerDeps } from './ledger-deps.ts';
import { type TransferKind } from './post-transfers.ts';
import { resolveAccount } from './resolve-account.ts';
import { toOwnTransfer, toWireTransfer } from './to-wire-transfer.ts';
import { seesEverything, userOf } from './visibility.ts';

const schema = z.object({
  pageSize: fields.pageSize,
  orderBy: z.enum(['', 'posted_at desc', 'posted_at asc'], 'must be posted_at desc or posted_at asc'),
  accountId: fields.text(600),
  transactionId: fields.optionalId,
  kind: z.enum(heidrun.TransferKind, 'names no known kind'),
  from: z.date('must be a time').optional(),
  to: z.date('must be a time').optional(),
});

/** ListTransfers: what moved, newest first. Users see transfers from or to their own accounts. */
export function createListTransfers({ prisma }: Pick<LedgerDeps, 'prisma'>) {
  return async (request: heidrun.ListTransfersRequest, ctx: CallContext): Promise<heidrun.ListTransfersResponse> => {
    const { orderBy } = parseWith(schema, request);
    const ascending = orderBy === 'posted_at asc';
    const scope = scopeOf(request);
    const [postedAt, sequence] = decodePageToken(scope, request.pageToken, 2) ?? [];
    const size = pageSizeOf(request.pageSize);
    const direction = ascending ? 'asc' : 'desc';
    const rows = await prisma.transfer.findMany({
      where: { AND: [filterOf(request, ctx), after(postedAt, sequence, ascending)] },
      orderBy: [{ postedAt: direction }, { sequence: direction }],
      take: size + 1,
      include: { debit: { select: { base: true } }, credit: { select: { base: true } } },
    });
    const { items, nextPageToken } = takePage(rows, size, (last) =>
      encodePageToken(scope, [last.postedAt.toISOString(), String(last.sequence)]),
    );
    const transfers = items.map((row) =>
      toWireTransfer({
        ...row,
        kind: row.kind as TransferKind,
        debit: row.debit.base,
        credit: row.credit.base,
        stored: false,
      }),
    );
    return { transfers: transfers.map((transfer) => toOwnTransfer(transfer, ctx.identity)), nextPageToken };
  };
}

const scopeOf = ({ orderBy, accountId, transactionId, kind, from, to }: heidrun.ListTransfersRequest): string =>
  JSON.stringify(['transfers', orderBy, accountId, transactionId, kind, from ?? null, to ?? null]);

function filterOf(request: heidrun.ListTransfersRequest, { identity }: CallContext): Prisma.TransferWhereInput {
  const { accountId, transactionId, kind, from, to } = request;
  if (from !== undefined && to !== undefined && from >= to) {
    throw invalidInput([{ field: 'to', description: 'must be later than from' }]);
  }
  const touching = (accounts: string[]): Prisma.TransferWhereInput => ({
    OR: [{ debit: { base: { in: accounts } } }, { credit: { base: { in: accounts } } }],
  });
  const user = userOf(identity);
  return {
    AND: [
      seesEverything(identity) ? {} : touching([walletOf(user), earningsOf(user)]),
      accountId === '' ? {} : touching([resolveAccount(accountId, identity)]),
    ],
    ...(transactionId !== '' && { transactionId }),
    ...(kind !== heidrun.TransferKind.UNSPECIFIED && { kind: enumName(heidrun.TransferKind, kind) ?? '' }),
    postedAt: { ...(from !== undefined && { gte: from }), ...(to !== undefined && { lt: to }) },
  };
}

function after(postedAt: string | undefined, sequence: string | undefined, ascending: boolean) {
  if (postedAt === undefined || sequence === undefined) return {};
  const at = pagePosition.time(postedAt);
  const id = pagePosition.integer(sequence);
  return ascending
    ? { OR: [{ postedAt: { gt: at } }, { postedAt: at, sequence: { gt: id } }] }
    : { OR: [{ postedAt: { lt: at } }, { postedAt: at, sequence: { lt: id } }] };
}
