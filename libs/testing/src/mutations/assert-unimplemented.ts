import { ok, strictEqual } from 'node:assert';
import { contractMethod, type ContractMethod } from './contract-method.ts';

export interface UnimplementedOptions {
  /** The contract's namespaces to find the method in. */
  packages: readonly object[];
  /** `heidrun.v1.PreAuthService/CapturePreAuth`. */
  mutation: string;
  /** A client of the method's service, for a caller whom the rules let in. */
  client: (service: ContractMethod['service']) => object;
}

/**
 * Asserts that a mutation without a row of its own is not there yet, so that whoever implements it must add one.
 * @throws AssertionError
 */
export async function assertUnimplemented({ packages, mutation, client }: UnimplementedOptions): Promise<void> {
  const { service, name, empty } = contractMethod(packages, mutation);
  const methods = client(service) as Record<string, (request: unknown) => Promise<unknown>>;
  const [outcome] = await Promise.allSettled([methods[name]?.(empty)]);
  ok(outcome.status === 'rejected', `${mutation} is there now: add a row that proves its idempotency`);
  const { reason } = outcome.reason as { reason?: string };
  strictEqual(reason, 'UNIMPLEMENTED', `${mutation} answers ${reason}: add a row that proves its idempotency`);
}
