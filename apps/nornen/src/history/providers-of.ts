import { type Identity } from '@edda/grpc-kit';
import { type PrismaClient } from '../gen/prisma/client.ts';

/** Far above what one owner runs; keeps the list in a query bounded. */
const maxProviders = 10_000;

/** The ids of the caller's providers, as their newest registrations say. */
export async function providersOf(
  prisma: PrismaClient,
  { subject, networkId }: Pick<Identity, 'subject' | 'networkId'>,
): Promise<string[]> {
  const rows = await prisma.providerOwner.findMany({
    where: { ownerId: subject, networkId },
    select: { providerId: true },
    orderBy: { decidedAt: 'desc' },
    take: maxProviders,
  });
  return rows.map(({ providerId }) => providerId);
}
