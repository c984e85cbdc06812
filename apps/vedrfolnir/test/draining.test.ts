import { njordr } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { agent, endlessUpstream, job, market } from './agent-setup.ts';

describe('draining', () => {
  it('says so, finishes what runs, refuses what comes, and closes', async () => {
    const at = await market();
    const started = await agent(at, {
      upstream: { builtin: { tokensPerSecond: 100 } },
      link: { drainGraceMs: 2000 },
    });
    const connection = await at.connection();
    await connection.next('heartbeat');
    connection.send(job());
    await connection.next('chunk');
    const closed = started.close();
    await connection.next('drain');
    connection.send(job({ jobId: 'late' }));
    expect(await connection.next('jobRejected')).toMatchObject({
      jobId: 'late',
      reason: njordr.JobRejectionReason.DRAINING,
    });
    await closed;
    await connection.over;
    expect(connection.all('done')).toMatchObject([{ jobId: 'job_1' }]);
    expect(connection.all('jobFailed')).toEqual([]);
    expect(started.state().link).toBe('closed');
  });

  it('does not wait longer than the grace time', async () => {
    const at = await market();
    const { server, upstream } = await endlessUpstream();
    const started = await agent(at, { upstream, link: { drainGraceMs: 50 } });
    const connection = await at.connection();
    connection.send(job({ model: 'endless' }));
    await connection.next('chunk');
    await started.close();
    await server.hungUp;
  });
});
