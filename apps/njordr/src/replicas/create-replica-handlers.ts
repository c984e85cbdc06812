import { njordr } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type CallContext, type Handlers, parseWith, type RulesTable } from '@edda/grpc-kit';
import { z } from 'zod';
import { text } from '../text-field.ts';
import { type RemoteJobs } from './remote-jobs.ts';
import { tellLines, type TellLinesDeps } from './tell-lines.ts';

export interface ReplicaHandlerDeps extends TellLinesDeps {
  jobs: RemoteJobs;
}

/** Rows of the rules table for ReplicaService: both streams last; jobs finish while a replica drains. */
export const replicaRules: RulesTable = {
  [njordr.ReplicaServiceService.watchLines.path]: { roles: ['service'], longLived: true },
  [njordr.ReplicaServiceService.runJob.path]: { roles: ['service'], longLived: true, endsOnDrain: false },
};

const schema = z.object({ replicaId: text(1, 64) });

/** The handlers of ReplicaService. */
export function createReplicaHandlers(deps: ReplicaHandlerDeps): Handlers<typeof njordr.ReplicaServiceService> {
  return {
    async *watchLines(request, ctx) {
      onlyNjordr(ctx);
      yield* tellLines(deps, parseWith(schema, request).replicaId, ctx.signal);
    },
    async *runJob(requests, ctx) {
      onlyNjordr(ctx);
      yield* deps.jobs.run(requests, ctx.signal);
    },
  };
}

/** Other services, and those that act for users, have no business here. */
function onlyNjordr({ identity }: CallContext): void {
  if (identity.subject === 'njordr' && identity.actor === undefined) return;
  throw commonFaults.ROLE_FORBIDDEN('Only Njörðr itself may call this.');
}
