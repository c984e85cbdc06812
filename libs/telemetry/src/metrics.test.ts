import { describe, expect, it } from 'vitest';
import { createMetrics } from './index.ts';

describe('createMetrics', () => {
  it('renders counters, gauges and histograms with the service’s label', async () => {
    const metrics = createMetrics({ service: 'heidrun', processMetrics: false });
    metrics.counter({ name: 'captures_total', help: 'h', labelNames: ['outcome'] }).inc({ outcome: 'ok' }, 2);
    metrics.gauge({ name: 'open_holds', help: 'h', collect: (gauge) => gauge.set(7) });
    metrics.histogram({ name: 'rpc_seconds', help: 'h', buckets: [0.1, 1] }).observe(0.5);
    const text = await metrics.render();
    expect(text).toContain('captures_total{outcome="ok",service="heidrun"} 2');
    expect(text).toContain('open_holds{service="heidrun"} 7');
    expect(text).toMatch(/rpc_seconds_bucket\{le="0.1",service="heidrun"\} 0\n/);
    expect(text).toMatch(/rpc_seconds_bucket\{le="1",service="heidrun"\} 1\n/);
    expect(metrics.contentType).toContain('text/plain');
  });

  it('gives the same metric for the same name, and refuses the name for another kind', () => {
    const metrics = createMetrics({ service: 's', processMetrics: false });
    const first = metrics.counter({ name: 'a_total', help: 'h' });
    expect(metrics.counter({ name: 'a_total', help: 'h' })).toBe(first);
    expect(() => metrics.gauge({ name: 'a_total', help: 'h' })).toThrow('a_total exists already');
  });

  it('keeps registries apart', async () => {
    const [a, b] = [
      createMetrics({ service: 'a', processMetrics: false }),
      createMetrics({ service: 'b', processMetrics: false }),
    ];
    a.counter({ name: 'only_a_total', help: 'h' }).inc();
    expect(await b.render()).not.toContain('only_a_total');
  });

  it('reports the process by default', async () => {
    expect(await createMetrics({ service: 's' }).render()).toContain('process_resident_memory_bytes');
  });
});
