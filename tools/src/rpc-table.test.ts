import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { rpcMeanings, rpcTable } from './rpc-table.ts';

const rules = {
  '/edda.a.v1.PriceService/Quote': { roles: ['user', 'admin'] },
  '/edda.a.v1.PriceService/Set': { roles: ['service'], subjects: ['njordr'] },
};
const meanings = new Map([['edda.a.v1.PriceService/Quote', 'Tells a price.']]);

it('names meaning and callers of each method and keeps the states that stand in the README', () => {
  const table = rpcTable(rules, meanings, '| PriceService.Quote | old words | nobody | available |');
  expect(table).toContain('| PriceService.Quote | Tells a price. | user, admin | available |');
  expect(table).toContain('| PriceService.Set |  | service: only njordr | **UNIMPLEMENTED** |');
});

it('takes the meaning from the comment above a method, without callers and reasons', () => {
  const root = mkdtempSync(join(tmpdir(), 'edda-rpcs-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'proto/edda/a/v1'), { recursive: true });
  writeFileSync(
    join(root, 'proto/edda/a/v1/a.proto'),
    `package edda.a.v1;
// Prices.
service PriceService {
  // Tells a price: A | B.
  // Holds nothing. Callers: user. Reasons: NOT_FOUND.
  rpc Quote(QuoteRequest) returns (QuoteResponse);
  rpc Set(SetRequest) returns (SetResponse);
}`,
  );
  expect([...rpcMeanings(root)]).toEqual([
    ['edda.a.v1.PriceService/Quote', 'Tells a price: A / B. Holds nothing.'],
    ['edda.a.v1.PriceService/Set', ''],
  ]);
});
