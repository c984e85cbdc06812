import { type njordr } from '@edda/contracts';

const terms = ['price', 'quality', 'latency', 'availability', 'fairness'] as const;

/** The ranked providers with their score terms, as aligned text lines. @param named shows a provider's id to people */
export function scoreTable(decision: njordr.RoutingDecision, named: (providerId: string) => string): string[] {
  const weights = decision.weights;
  const head = ['', 'score', ...terms.map((term) => `${term} ${weights?.[term] ?? 0}%`)];
  const rows = decision.best.map(({ providerId, breakdown }) => [
    `${providerId === decision.chosenProviderId ? '→' : ' '} ${named(providerId)}`,
    ...['score' as const, ...terms].map((term) => (breakdown?.[term] ?? 0).toFixed(3)),
  ]);
  return aligned([head, ...rows]);
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}
