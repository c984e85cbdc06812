import { enumName, njordr } from '@edda/contracts';
import { type Metrics } from '@edda/telemetry';
import { type JobTableOptions } from './link/job-table.ts';
import { type LinkState } from './link/link.ts';

export interface AgentMetrics {
  /** To be called by the job table. */
  jobs: Pick<JobTableOptions, 'onStart' | 'onFirstPiece' | 'onEnd' | 'onReject'>;
  state: (state: LinkState) => void;
}

/** What the agent counts; the README lists it. */
export function createAgentMetrics(metrics: Metrics): AgentMetrics {
  const active = metrics.gauge({ name: 'edda_vedrfolnir_active_jobs', help: 'Jobs running now.' });
  const connected = metrics.gauge({ name: 'edda_vedrfolnir_connected', help: '1 while connected to the market.' });
  const connections = metrics.counter({ name: 'edda_vedrfolnir_connections_total', help: 'Connections established.' });
  const finished = metrics.counter({
    name: 'edda_vedrfolnir_jobs_total',
    help: 'Jobs by how they ended.',
    labelNames: ['outcome'],
  });
  const rejected = metrics.counter({
    name: 'edda_vedrfolnir_jobs_rejected_total',
    help: 'Jobs not taken, by reason.',
    labelNames: ['reason'],
  });
  const firstPiece = metrics.histogram({
    name: 'edda_vedrfolnir_first_piece_seconds',
    help: 'From taking a job to the first piece of its answer.',
  });
  const duration = metrics.histogram({ name: 'edda_vedrfolnir_job_seconds', help: 'From taking a job to its end.' });
  return {
    jobs: {
      onStart: () => active.inc(),
      onFirstPiece: (_, afterMs) => firstPiece.observe(afterMs / 1000),
      onEnd(_, outcome, afterMs) {
        active.dec();
        finished.inc({ outcome });
        duration.observe(afterMs / 1000);
      },
      onReject: (_, reason) =>
        rejected.inc({ reason: (enumName(njordr.JobRejectionReason, reason) ?? 'other').toLowerCase() }),
    },
    state(state) {
      connected.set(state === 'connected' || state === 'draining' ? 1 : 0);
      if (state === 'connected') connections.inc();
    },
  };
}
