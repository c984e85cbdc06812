import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { njordr } from '@edda/contracts';
import { makeTemporaryFolder } from '../../src/data/temporary-folder.ts';
import { clientOf, ensurePaymentMethod, type MarketUser, tokensOf } from '../../src/market/market-user.ts';
import { until } from '../../src/market/until.ts';
import { type TestMarket } from '../market-setup.ts';
import { model } from './bad-input-market.ts';

/** The agent's program as a device runs it. */
const program = join(import.meta.dirname, '../../../vedrfolnir/src/main.ts');

/** A cheap provider, a process of its own, whose model server does what the test says. */
export interface FickleAgent {
  readonly providerId: string;
  /** What the model server does with the next jobs: answer, say that it is full, or take the agent down with it. */
  behave(how: 'answers' | 'is full' | 'dies'): void;
  close(): Promise<void>;
}

const pieces = [
  { choices: [{ index: 0, delta: { role: 'assistant', content: 'ready' } }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
];

export async function startFickleAgent(open: TestMarket): Promise<FickleAgent> {
  const { market, logger } = open;
  const owner: MarketUser = { subject: 'frida', networkId: 'demo', roles: ['user', 'provider'] };
  await ensurePaymentMethod(market, owner, 'payout', logger);
  let behaviour: Parameters<FickleAgent['behave']>[0] = 'answers';
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/v1/models') response.end(JSON.stringify({ data: [{ id: model }] }));
    else if (behaviour === 'answers') answer(response);
    else if (behaviour === 'is full') response.writeHead(429).end('full');
    else child.kill('SIGKILL');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = await makeTemporaryFolder('edda-fickle-');
  const settingsFile = join(folder, 'settings.json');
  await writeFile(
    settingsFile,
    JSON.stringify({
      market: { address: market.addresses.njordr },
      provider: { register: true, deviceId: 'fickle', price: { priceCents: 1, unitTokens: 1_000 }, sharing: 'public' },
      models: [{ name: model, contextLength: 4_096 }],
      upstream: { kind: 'openai', openai: { baseUrl } },
      operations: { enabled: false },
      log: { level: 'silent' },
    }),
  );
  const VEDRFOLNIR_TOKEN = await tokensOf(market, owner)();
  const env = { ...process.env, VEDRFOLNIR_TOKEN, EDDA_SETTINGS: settingsFile };
  const child = spawn(process.execPath, [program], { env, stdio: 'ignore' });
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  };
  try {
    const providerId = await listedAs(open, owner);
    return { providerId, behave: (how) => void (behaviour = how), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until the market lists the provider. @returns its id */
async function listedAs({ market, logger }: TestMarket, owner: MarketUser): Promise<string> {
  const providers = clientOf(njordr.ProviderServiceService, market.addresses.njordr, tokensOf(market, owner), logger);
  const request = njordr.ListProvidersRequest.fromPartial({ ownOnly: true });
  let found: njordr.Provider | undefined;
  try {
    await until('the fickle provider is listed', 30_000, async () => {
      found = (await providers.listProviders(request)).providers[0];
      // Availability follows the link alone; listed is who passed all of registration.
      return found?.status === njordr.ProviderStatus.ACTIVE;
    });
  } finally {
    providers.close();
  }
  return found?.providerId ?? '';
}

function answer(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const piece of pieces) response.write(`data: ${JSON.stringify(piece)}\n\n`);
  response.end('data: [DONE]\n\n');
}
