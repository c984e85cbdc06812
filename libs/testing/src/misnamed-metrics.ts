/** What every program counts in the same way, whichever it is; see docs/guides/observability.md. */
const shared = /^(?:edda_(?:audit|outbox|redis|settings|trace)|grpc_server|http_server)_/;
/** The process's own, named by the metrics library. */
const ofTheProcess = /^(?:process|nodejs)_/;
/** Multiples of base units, which dashboards would have to know. */
const wrongUnit = /_(?:ms|millis|milliseconds|minutes|hours|days|kb|mb|percent)(?:_|$)/;
const histogramUnit = /_(?:seconds|bytes|items|tokens|cents)$/;

/**
 * What is wrong with the names of metrics in Prometheus' text format, one line each; empty when the rule holds.
 * @param app whose own metrics they are: `heidrun`
 */
export function misnamedMetrics(text: string, app: string): string[] {
  const named = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', kind = '']) => ({ name, kind }));
  if (named.length === 0) return ['no metrics at all'];
  const described = new Set([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name));
  return named
    .filter(({ name }) => !ofTheProcess.test(name))
    .flatMap(({ name, kind }) => {
      const own = name.startsWith(`edda_${app}_`);
      const problems = [
        ...(own || shared.test(name) ? [] : [`must begin with edda_${app}_`]),
        ...((kind === 'counter') === name.endsWith('_total')
          ? []
          : ['ends in _total if, and only if, it is a counter']),
        ...(wrongUnit.test(name) ? ['must be in base units'] : []),
        ...(kind === 'histogram' && !histogramUnit.test(name) ? ['must end in its unit'] : []),
        ...(described.has(name) ? [] : ['has no help']),
      ];
      return problems.map((problem) => `${name}: ${problem}`);
    });
}
