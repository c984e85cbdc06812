import { Fault, type FaultDetails } from './fault.ts';
import { type FaultKind } from './kinds.ts';

/** One documented reason: `meaning` says what happened, `remedy` what the caller can do about it. */
export interface ReasonEntry {
  kind: FaultKind;
  meaning: string;
  remedy: string;
}

export type FaultFactory = (message: string, details?: FaultDetails) => Fault;

/** A domain's reasons as callable factories, plus the table they came from (for documentation). */
export type Faults<Table extends Record<string, ReasonEntry>> = { readonly [Reason in keyof Table]: FaultFactory } & {
  readonly domain: string;
  readonly table: Readonly<Table>;
};

/**
 * Declares the reasons a domain raises: `throw heidrunFaults.PRICE_MISSING('…')`.
 * @param service the service's name (`heidrun` becomes the domain `heidrun.edda`), or '' for the shared ones
 */
export function defineFaults<const Table extends Record<Uppercase<string>, ReasonEntry>>(
  service: string,
  table: Table,
): Faults<Table> {
  const domain = service === '' ? 'edda' : `${service}.edda`;
  const factories = Object.fromEntries(
    Object.entries<ReasonEntry>(table).map(([reason, entry]): [string, FaultFactory] => [
      reason,
      (message, details = {}) => new Fault(entry.kind, reason, message, { ...details, domain }),
    ]),
  );
  return Object.freeze({ ...factories, domain, table }) as unknown as Faults<Table>;
}
