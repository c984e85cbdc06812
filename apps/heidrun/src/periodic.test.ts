import { createMemoryLogger } from '@edda/telemetry';
import { waitFor } from '@edda/testing';
import { describe, expect, it } from 'vitest';
import { startPeriodic } from './periodic.ts';

describe('startPeriodic', () => {
  it('goes on after a failure, never runs twice at once, and stops after the run under way', async () => {
    const { logger, records } = createMemoryLogger();
    const outcomes: string[] = [];
    let running = 0;
    let most = 0;
    const task = startPeriodic({
      name: 'test',
      intervalMs: () => 1,
      logger,
      onRun: (outcome) => outcomes.push(outcome),
      run: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 3));
        running -= 1;
        if (outcomes.length === 0) throw new Error('first run fails');
      },
    });
    await waitFor(() => outcomes.length >= 3);
    await task.stop();
    const after = outcomes.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(outcomes).toHaveLength(after);
    expect([outcomes[0], outcomes[1], most, running]).toEqual(['failed', 'done', 1, 0]);
    expect(records.filter((record) => record['level'] === 'warn')).toHaveLength(1);
  });
});
