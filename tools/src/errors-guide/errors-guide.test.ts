import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contractReasons } from './contract-reasons.ts';
import { errorsGuide } from './errors-guide.ts';

const proto = `package edda.njordr.v1;
service ComputeService {
  // Asks. Callers: user.
  // Reasons: MODEL_UNKNOWN, MAX_COST (metadata IN_CENTS),
  // NOT_KEPT.
  rpc Create(CreateRequest) returns (CreateResponse);
  // Reasons: those of Create but NOT_KEPT, and EMPTY_ANSWER.
  // buf:lint:ignore RPC_NAME
  rpc Execute(ExecuteRequest) returns (ExecuteResponse);
  // Reasons: POLICY_ERROR appear as reason_code of a decision; none of its own.
  rpc Decide(DecideRequest) returns (DecideResponse);
}
`;

describe('the guide to errors', () => {
  let root: string;
  const put = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'edda-errors-'));
    put('proto/edda/njordr/v1/compute_service.proto', proto);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('reads the reasons of every RPC, references resolved and explanations left out', () => {
    expect(Object.fromEntries(contractReasons(root).map(({ name, reasons }) => [name, [...reasons].sort()]))).toEqual({
      'ComputeService.Create': ['MAX_COST', 'MODEL_UNKNOWN', 'NOT_KEPT'],
      'ComputeService.Execute': ['EMPTY_ANSWER', 'MAX_COST', 'MODEL_UNKNOWN'],
      'ComputeService.Decide': [],
    });
  });

  it('names the RPCs of a reason, and reports one that nothing raises', async () => {
    const kinds = "{ k: { grpcName: 'NOT_FOUND', http: 404, title: 'Not found' } }";
    put('libs/faults/src/index.ts', `export const faultKinds = ${kinds}; export class Fault extends Error {}`);
    put('apps/njordr/src/edge/http/error-answer.ts', 'export const statusOf = () => 410;');
    const entry = "{ kind: 'k', meaning: 'Gone.', remedy: 'Ask.' }";
    put(
      'apps/njordr/src/faults.ts',
      `export const f = { domain: 'njordr.edda', table: { MODEL_UNKNOWN: ${entry}, ORPHAN: ${entry} } };`,
    );
    const { markdown, problems } = await errorsGuide(root);
    expect(markdown).toContain(
      '### MODEL_UNKNOWN\n\n`NOT_FOUND`, HTTP 410. Gone.\n\n- **What to do:** Ask.\n' +
        '- **Raised by:** ComputeService.Create, ComputeService.Execute',
    );
    expect(markdown).toMatch(/raised by nothing in this version\n\n.*\n.*\n\| `EMPTY_ANSWER`/);
    expect(problems).toContainEqual(expect.stringContaining('ORPHAN is raised by nothing known'));
    expect(problems).not.toContainEqual(expect.stringContaining('MODEL_UNKNOWN is raised'));
    expect(problems).toContainEqual('situations.ts: no reason IDEMPOTENCY_CONFLICT');
  });
});
