import { descriptorSet } from '@edda/contracts';
import {
  type CallLimit,
  createGrpcServer,
  type RulesTable,
  type ServerTls,
  type ServiceEntry,
  type TokenVerifier,
} from '@edda/grpc-kit';
import { type Logger, type Metrics, startOperationsServer, type Tracer } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type CloseStack } from './close-stack.ts';
import { type ReplicaGuard } from './replica-guard.ts';
import { type ServiceSettings } from './service-settings.ts';

export interface ServePlan {
  services: readonly ServiceEntry[];
  rules: RulesTable;
  /** Refuses gRPC callers that call too often. */
  limit?: CallLimit;
  /** What else must be true before the service counts as ready, beside its database. */
  checks?: Readonly<Record<string, () => boolean | Promise<boolean>>>;
}

export interface PortDeps {
  name: string;
  values: ServiceSettings;
  logger: Logger;
  metrics: Metrics;
  tracer: Tracer | undefined;
  pool: Pool;
  place: ReplicaGuard;
  verifier: TokenVerifier;
  stack: CloseStack;
}

/** Opens the operations and the gRPC port; what was opened is on the stack even when the other one fails. */
export async function openPorts(plan: ServePlan, deps: PortDeps): Promise<{ grpc: number; operations: number }> {
  const { name, values, logger, metrics, tracer, pool, place, verifier, stack } = deps;
  const server = createGrpcServer({
    service: name,
    services: plan.services,
    rules: plan.rules,
    auth: verifier,
    limit: plan.limit,
    logger: logger.module('grpc'),
    metrics,
    tracer,
    reflection: descriptorSet(),
    allowInsecure: values.grpc.allowInsecure,
    ...serverTls(values),
  });
  const operations = await startOperationsServer({
    ...values.operations,
    metrics,
    checks: {
      database: async () => (await pool.query('SELECT 1')).rowCount === 1,
      // While calls drain nobody should send new ones, nor to a replica whose place another one has.
      serving: () => !stack.closing && place.held,
      ...plan.checks,
    },
    logger,
  });
  stack.add('operations port', () => operations.close());
  const grpc = await server.listen(values.grpc);
  stack.add('gRPC server', () => server.close());
  logger.info({ grpc_port: grpc, operations_port: operations.port }, 'ready');
  return { grpc, operations: operations.port };
}

function serverTls({ grpc: { tls } }: ServiceSettings): { tls?: ServerTls } {
  const { certFile, keyFile, caFile } = tls;
  if (certFile === undefined || keyFile === undefined) return {};
  return { tls: { certFile, keyFile, ...(caFile !== undefined && { caFile }) } };
}
