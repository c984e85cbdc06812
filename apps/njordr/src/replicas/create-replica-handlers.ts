import { njordr } from '@edda/contracts';
import { type Handlers, type MethodRule, parseWith, type RulesTable } from '@edda/grpc-kit';
import { z } from 'zod';
import { text } from '../text-field.ts';
import { type RemoteJobs } from './remote-jobs.ts';
import { tellLines, type TellLinesDeps } from './tell-lines.ts';

export interface ReplicaHandlerDeps extends TellLinesDeps {
  jobs: RemoteJobs;
}

const onlyNjordr: MethodRule = { roles: ['service'], subjects: ['njordr'], longLived: true };

/** Rows of the rules table for ReplicaService; jobs finish while a replica drains. */
export const replicaRules: RulesTable = {
  [njordr.ReplicaServiceService.watchLines.path]: onlyNjordr,
  [njordr.ReplicaServiceService.runJob.path]: { ...onlyNjordr, endsOnDrain: false },
};

const schema = z.object({ replicaId: text(1, 64) });

/** The handlers of ReplicaService. */
export function createReplicaHandlers(deps: ReplicaHandlerDeps): Handlers<typeof njordr.ReplicaServiceService> {
  return {
    async *watchLines(request, ctx) {
      yield* tellLines(deps, parseWith(schema, request).replicaId, ctx.signal);
    },
    async *runJob(requests, ctx) {
      yield* deps.jobs.run(requests, ctx.signal);
    },
  };
}
