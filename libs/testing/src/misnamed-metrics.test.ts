import { expect, it } from 'vitest';
import { misnamedMetrics } from './misnamed-metrics.ts';

const metric = (name: string, kind: string, help = 'Something.') =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${name} 1\n`;

it.each([
  ['heidrun_holds_total', 'counter', 'must begin with edda_heidrun_'],
  ['edda_nornen_decisions_total', 'counter', 'must begin with edda_heidrun_'],
  ['edda_heidrun_holds', 'counter', 'ends in _total if, and only if, it is a counter'],
  ['edda_heidrun_rejected_total', 'gauge', 'ends in _total if, and only if, it is a counter'],
  ['edda_heidrun_wait_ms', 'gauge', 'must be in base units'],
  ['edda_heidrun_batch_size', 'histogram', 'must end in its unit'],
])('%s as a %s is reported', (name, kind, problem) => {
  expect(misnamedMetrics(metric(name, kind), 'heidrun')).toEqual([`${name}: ${problem}`]);
});

it('reports a metric without help, and a page without metrics', () => {
  expect(misnamedMetrics('# TYPE edda_heidrun_open_holds gauge\n', 'heidrun')).toEqual([
    'edda_heidrun_open_holds: has no help',
  ]);
  expect(misnamedMetrics('', 'heidrun')).toEqual(['no metrics at all']);
});

it('accepts the program’s own, the shared and the process’s', () => {
  const fine = [
    metric('edda_heidrun_holds_total', 'counter'),
    metric('edda_heidrun_batch_seconds', 'histogram'),
    metric('edda_outbox_pending', 'gauge'),
    metric('grpc_server_handling_seconds', 'histogram'),
    metric('nodejs_gc_duration_seconds', 'histogram'),
    metric('process_start_time_seconds', 'gauge'),
  ];
  expect(misnamedMetrics(fine.join(''), 'heidrun')).toEqual([]);
});
