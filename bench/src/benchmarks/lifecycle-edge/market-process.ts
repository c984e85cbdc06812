import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import {
  ensureFunds,
  ensurePaymentMethod,
  freePorts,
  type Market,
  type MarketUser,
  openDataFolder,
  startMarket,
  tokensOf,
  until,
} from '@edda/app-edda/market';
import { run as runAgent } from '@edda/app-vedrfolnir/run';
import { njordr } from '@edda/contracts';
import { createCloseStack } from '@edda/service-kit';
import { createLogger, type Logger } from '@edda/telemetry';
import { join } from 'node:path';
import { runChild } from '../../processes/run-child.ts';

/** Several wallets, as in life; one alone would make every hold wait for the one before. */
const requesters = 16;
const fundsCents = 1_000_000n;

/** The subject: a whole market in one process, PostgreSQL with all its durability, and an agent in front of the upstream. */
runChild(async ({ upstream }: { upstream: string }) => {
  const loggerFor = (service: string) => createLogger({ service, level: 'warn' });
  const logger = loggerFor('bench');
  const root = await mkdtemp(join(tmpdir(), 'edda-bench-'));
  const stack = createCloseStack(logger);
  stack.add('folder', () => rm(root, { recursive: true, force: true }));
  try {
    // Where root runs the benchmark, PostgreSQL runs as another user, who must be able to pass.
    await chmod(root, 0o711);
    const market = await startMarket({ folder: await openDataFolder(root), ports: freePorts, loggerFor });
    stack.add('market', () => market.close());
    const agent = await startAgent(market, upstream, logger);
    stack.add('agent', () => agent.close());
    const tokens: string[] = [];
    for (let index = 0; index < requesters; index++) {
      const requester: MarketUser = { subject: `requester-${index}`, networkId: 'bench', roles: ['user'] };
      await ensurePaymentMethod(market, requester, 'pay', logger);
      await ensureFunds(market, requester, fundsCents, logger);
      tokens.push(await tokensOf(market, requester)());
    }
    return { ready: { url: market.httpUrl, tokens }, close: () => stack.close() };
  } catch (error) {
    await stack.close();
    throw error;
  }
});

async function startAgent(market: Market, upstream: string, logger: Logger) {
  const owner: MarketUser = { subject: 'owner', networkId: 'bench', roles: ['user', 'provider'] };
  await ensurePaymentMethod(market, owner, 'payout', logger);
  const agent = await runAgent({
    token: tokensOf(market, owner),
    logger,
    settings: {
      market: { address: market.addresses.njordr },
      provider: {
        register: true,
        deviceId: 'bench',
        displayName: 'Bench',
        capacity: 200,
        price: { priceCents: 20, unitTokens: 1_000 },
        sharing: 'public',
      },
      upstream: { kind: 'openai', openai: { baseUrl: upstream } },
      link: { drainGraceMs: 1_000 },
      operations: { enabled: false },
    },
  });
  try {
    await until('the provider is listed', 20_000, () => agent.state().status === njordr.ProviderStatus.ACTIVE);
    return agent;
  } catch (error) {
    await agent.close();
    throw error;
  }
}
