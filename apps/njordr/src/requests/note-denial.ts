import { type Decision } from '@edda/policy';
import { type Pool } from 'pg';
import { eventValues, insertEventsFrom } from '../events/new-event.ts';
import { type Caller } from './prepare-request.ts';

const NOTE = `WITH denied AS (SELECT $1::text AS request_id) ${insertEventsFrom('denied', 2)}`;

export interface Denial {
  requestId: string;
  caller: Caller;
  model: string;
  decision: Decision;
  at: Date;
}

/** A denied request leaves one event and nothing else. */
export async function noteDenial(pool: Pool, { requestId, caller, model, decision, at }: Denial): Promise<void> {
  const { subject, networkId } = caller.identity;
  const event = {
    subject: `request:${requestId}`,
    sequence: 1n,
    type: 'njordr.request.denied',
    payload: {
      ...{ request_id: requestId, user_id: subject, network_id: networkId, model },
      decision: {
        outcome: decision.outcome,
        policy_id: decision.policyId ?? '',
        policy_version: decision.version,
        reason: decision.reason,
      },
    },
  };
  await pool.query({ name: 'request-denied', text: NOTE, values: [requestId, ...eventValues([event], at)] });
}
