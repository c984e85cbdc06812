import { njordr } from '@edda/contracts';
import { expect, it } from 'vitest';
import { scoreTable } from './score-table.ts';

it('lists the ranked providers with aligned terms, the chosen one marked', () => {
  const decision = njordr.RoutingDecision.fromPartial({
    chosenProviderId: 'b',
    weights: { price: 30, quality: 25, latency: 20, availability: 15, fairness: 10 },
    best: [
      {
        providerId: 'b',
        breakdown: { score: 0.71, price: 0.5, quality: 0.9, latency: 1, availability: 0.25, fairness: 1 },
      },
      { providerId: 'a', breakdown: { score: 0.5 } },
    ],
  });
  const rows = scoreTable(decision, (id) => `Provider ${id}`);
  expect(rows[0]).toContain('price 30%');
  expect(rows[1]).toMatch(/^→ Provider b {2}0\.710 .*0\.250/);
  expect(rows[2]).toMatch(/^ {2}Provider a {2}0\.500/);
  expect(new Set(rows.map((row) => row.length)).size).toBe(1);
});
