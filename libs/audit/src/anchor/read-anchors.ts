import { audit } from '@edda/contracts';
import { type Logger } from '@edda/telemetry';
import { type Anchor, type AnchorStore } from './anchor.ts';

const State = audit.AuditAnchorState;

export interface ReadAnchorsDeps {
  stores: readonly AnchorStore[];
  service: string;
  logger: Pick<Logger, 'warn'>;
}

export interface ReadAnchors {
  /** The newest of each store that has one. */
  anchors: Anchor[];
  /** MATCHES stands for "to be compared". */
  state: audit.AuditAnchorState;
}

/** What the stores know of a service's chain; one that does not answer is logged and shows in the state. */
export async function readAnchors(
  { stores, service, logger }: ReadAnchorsDeps,
  signal: AbortSignal,
): Promise<ReadAnchors> {
  if (stores.length === 0) return { anchors: [], state: State.NOT_CONFIGURED };
  let unavailable = false;
  const anchors: Anchor[] = [];
  for (const store of stores) {
    try {
      const newest = await store.newest(service, signal);
      if (newest !== undefined) anchors.push(newest);
    } catch (error) {
      unavailable = true;
      logger.warn({ err: error, store: store.name }, 'the audit anchor could not be read');
    }
  }
  if (unavailable) return { anchors, state: State.UNAVAILABLE };
  return { anchors, state: anchors.length === 0 ? State.NONE_YET : State.MATCHES };
}
