import { type ServiceName, type ServiceOptions } from '@edda/app-edda/separate';
import { njordr } from '@edda/contracts';
import { type Gate } from '../proxies/gate.ts';
import { type Proxy, startGrpcProxy } from '../proxies/grpc-proxy.ts';
import { startPgProxy } from '../proxies/pg-proxy.ts';

/** All proxies of a market. */
export interface Proxies {
  /** A service's options with a proxy in front of its database and of each peer. */
  between<Name extends ServiceName>(name: Name, options: ServiceOptions<Name>): Promise<ServiceOptions<Name>>;
  /** A proxy in front of Njörðr for the agents. @returns its `host:port` */
  beforeAgents(address: string): Promise<string>;
  close(): Promise<void>;
}

/** Statements of Njörðr at which a request can be stopped, by the names under which they are prepared. */
const statements: Readonly<Record<string, string>> = {
  'transaction-insert': 'njordr/accept',
  'transaction-start': 'njordr/start',
  'transaction-end': 'njordr/end',
};

export function createProxies(gate: Gate): Proxies {
  const open: Proxy[] = [];
  const kept = (proxy: Proxy) => {
    open.push(proxy);
    return `127.0.0.1:${proxy.port}`;
  };
  return {
    async between(name, options) {
      const url = new URL(options.secrets.DATABASE_URL);
      const database = await startPgProxy({ gate, target: Number(url.port), statementStep: statementStepOf(name) });
      url.host = kept(database);
      const peers: Record<string, string> = {};
      const wanted = (options.settings as { peers?: Readonly<Record<string, string>> } | undefined)?.peers ?? {};
      for (const [peer, target] of Object.entries(wanted)) {
        peers[peer] = kept(await startGrpcProxy({ gate, target, name: `${name}→${peer}` }));
      }
      return {
        ...options,
        settings: { ...options.settings, ...(Object.keys(peers).length > 0 && { peers }) },
        secrets: { ...options.secrets, DATABASE_URL: url.href },
      };
    },
    beforeAgents: async (target) => kept(await startGrpcProxy({ gate, target, name: 'agent→njordr', messageStep })),
    async close() {
      await Promise.all(open.map((proxy) => proxy.close()));
    },
  };
}

function statementStepOf(service: ServiceName) {
  return (statement: string, bind: Buffer): string | undefined => {
    if (service !== 'njordr') return undefined;
    // Leases are renewed by the same statement; only a checkpoint tells what was delivered.
    if (statement === 'transaction-renew') return bind.includes('outputTokens') ? 'njordr/checkpoint' : undefined;
    return statements[statement];
  };
}

/** What an agent and Njörðr say to each other about a job. */
function messageStep(rpc: string, direction: 'up' | 'down', message: Buffer): string | undefined {
  if (rpc !== 'Connect') return undefined;
  const said =
    direction === 'up'
      ? njordr.AgentMessage.decode(message).body?.$case
      : njordr.MarketMessage.decode(message).body?.$case;
  return `link/${said ?? 'nothing'}`;
}
