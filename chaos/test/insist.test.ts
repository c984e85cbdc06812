import { commonFaults } from '@edda/faults';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../src/market/random.ts';
import { type Answer, insist, repeat } from '../src/money/insist.ts';

/** Answers one after the other; what is no answer is thrown. */
function answering(...given: (Answer | Error)[]) {
  return () => {
    const next = given.shift();
    if (next === undefined) throw new Error('called too often');
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
}
const down = commonFaults.DEPENDENCY_UNAVAILABLE('down');
const refusal = commonFaults.NOT_FOUND('no');
const random = { ...createRandom(1), next: () => 0.9, between: () => 0 };

describe('insist', () => {
  it('calls again as long as nobody knows what became of it, and takes a refusal as final', async () => {
    const done = await insist('hold', 'a', random, answering(down, down, { id: 'x' }));
    expect(done).toMatchObject({ calls: 3, answer: { id: 'x' }, refused: undefined, differing: [] });
    const refused = await insist('hold', 'b', random, answering(down, refusal));
    expect(refused).toMatchObject({ calls: 2, answer: undefined, refused: 'NOT_FOUND' });
  });

  it('notes an answer, or a refusal, that differs from the first one', async () => {
    const often = { ...random, next: () => 0 };
    const deed = await insist(
      'refund',
      'a',
      often,
      answering({ id: 'x', cents: 1n }, down, { id: 'y', cents: 1n }, refusal),
    );
    expect(deed).toMatchObject({ answer: { id: 'x' }, differing: ['id y, cents 1'] });
    await repeat(deed);
    expect(deed.differing).toEqual(['id y, cents 1', 'NOT_FOUND']);
  });
});
