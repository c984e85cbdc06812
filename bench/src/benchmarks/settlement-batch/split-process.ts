import { heidrun } from '@edda/contracts';
import { createGrpcClient } from '@edda/grpc-kit';
import { createLogger } from '@edda/telemetry';
import { runChild } from '../../processes/run-child.ts';
import { type Split } from './split.ts';

const inFlight = 64;

/** The client of both sides. */
runChild(async ({ port, token }: { port: number; token: string }) => {
  const client = createGrpcClient(heidrun.SettlementServiceService, {
    address: `127.0.0.1:${port}`,
    token: async () => token,
    logger: createLogger({ service: 'bench', level: 'warn' }),
  });
  const costOf = (index: number): bigint => BigInt(1 + (index % 997));
  const check = (index: number, part: { companyFeeCents: bigint; providerEarningsCents: bigint } | undefined) => {
    const fee = (costOf(index) * 1_500n) / 10_000n;
    if (part?.companyFeeCents === fee && part.providerEarningsCents === costOf(index) - fee) return;
    throw new Error(`item ${index} was split wrongly`);
  };
  const batch = async (count: number) => {
    const items = Array.from({ length: count }, (_, index) => ({ itemId: '', totalCostCents: costOf(index) }));
    const { results } = await client.batchCalculateSettlement({ requestId: 'bench', items });
    for (let index = 0; index < count; index++) check(index, results[index]);
  };
  const single = async (count: number) => {
    let next = 0;
    const worker = async () => {
      for (let index = next++; index < count; index = next++) {
        check(index, await client.calculateSettlement({ requestId: 'bench', totalCostCents: costOf(index) }));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  };
  /** @returns seconds it took */
  const split = async ({ way, items, times }: Split): Promise<number> => {
    const startedAt = performance.now();
    for (let time = 0; time < times; time++) await (way === 'batch' ? batch(items) : single(items));
    return (performance.now() - startedAt) / 1_000;
  };
  return { ready: {}, answers: { split }, close: async () => client.close() };
});
