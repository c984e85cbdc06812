import { njordr } from '@edda/contracts';
import { expect } from 'vitest';
import { type JobEvent, type JobHandle } from '../../src/link/link-hub.ts';

let jobs = 0;
/** A job under an id of its own. */
export const jobOf = (more: Partial<njordr.Job> = {}): njordr.Job =>
  njordr.Job.fromPartial({
    jobId: `job-${jobs++}`,
    attempt: 1,
    transactionId: 'tx',
    model: 'tiny',
    messages: [{ role: 'user', content: 'Hello' }],
    maxOutputTokens: 100n,
    deadline: new Date(Date.now() + 60_000),
    ...more,
  });

/** Reads a job to its end. */
export async function collect(handle: JobHandle): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  for await (const event of handle.events) events.push(event);
  return events;
}

/** The job ends as the provider's fault. */
export async function expectFault(events: Promise<JobEvent[]>, message: RegExp | string): Promise<void> {
  expect((await events).at(-1)).toMatchObject({
    type: 'failed',
    errorClass: 'fault',
    message: expect.stringMatching(message) as string,
  });
}
