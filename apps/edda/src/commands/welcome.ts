import { createTokenMinter } from '@edda/grpc-kit';
import { createLogger } from '@edda/telemetry';
import { openDataFolder } from '../data/data-folder.ts';
import { ensureFunds, ensurePaymentMethod, pocketMoneyCents } from '../market/market-user.ts';

export interface WelcomeOptions {
  dataDir: string;
  heidrun: string;
  payer?: string;
  payee?: string;
  network: string;
}

/** Lets people take part in a market that runs elsewhere. May be repeated. */
export async function welcome(options: WelcomeOptions): Promise<void> {
  const folder = await openDataFolder(options.dataDir, { readOnly: true });
  const minter = createTokenMinter({ privateJwkFile: folder.signingKeyFile, issuer: 'edda' });
  const market = { minter, addresses: { heidrun: options.heidrun } };
  const logger = createLogger({ service: 'edda', level: 'warn', destination: 'stderr' });
  const { payer, payee, network: networkId } = options;
  if (payer !== undefined) {
    const user = { subject: payer, networkId, roles: ['user'] } as const;
    await ensurePaymentMethod(market, user, 'pay', logger);
    await ensureFunds(market, user, pocketMoneyCents, logger);
    process.stdout.write(`${payer} can pay\n`);
  }
  if (payee !== undefined) {
    await ensurePaymentMethod(market, { subject: payee, networkId, roles: ['user', 'provider'] }, 'payout', logger);
    process.stdout.write(`${payee} can be paid\n`);
  }
}
