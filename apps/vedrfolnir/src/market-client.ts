import { readFile } from 'node:fs/promises';
import { njordr } from '@edda/contracts';
import { createGrpcClient } from '@edda/grpc-kit';
import { type Logger } from '@edda/telemetry';
import { agentFaults } from './faults.ts';
import { type Dial } from './link/session.ts';
import { type RegistrationClient } from './registration/ensure-registered.ts';
import { type AgentSettings } from './settings.ts';

/** Where the token comes from, asked before every connection. */
export type TokenSource = () => Promise<string>;

/** The token from the file, if one is named, else the environment's. @throws Fault NO_TOKEN */
export function createTokenSource(tokenFile: string, fromEnvironment: string | undefined): TokenSource {
  return async () => {
    const token = tokenFile === '' ? fromEnvironment : (await readToken(tokenFile)).trim();
    if (!token) throw agentFaults.NO_TOKEN('there is no token: set VEDRFOLNIR_TOKEN or market.tokenFile');
    return token;
  };
}

async function readToken(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw agentFaults.NO_TOKEN(`the token file ${file} cannot be read`, { cause });
  }
}

export interface MarketClient {
  dial: Dial;
  registration: RegistrationClient;
  close(): void;
}

/** Everything the agent says to the market. */
export function createMarketClient(market: AgentSettings['market'], token: TokenSource, logger: Logger): MarketClient {
  const options = {
    address: market.address,
    token,
    logger,
    ...(market.tls && { tls: market.tlsCaFile === '' ? {} : { caFile: market.tlsCaFile } }),
  };
  const link = createGrpcClient(njordr.ProviderLinkService, options);
  const registration = createGrpcClient(njordr.ProviderServiceService, options);
  return {
    // The stream lives as long as its token; the market asks for a new one in time.
    dial: (messages, signal) => link.connect(messages, { signal, deadlineMs: Infinity }),
    registration,
    close() {
      link.close();
      registration.close();
    },
  };
}
