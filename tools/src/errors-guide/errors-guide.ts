import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ContractMethod, contractReasons } from './contract-reasons.ts';
import { type FaultEntry, type FaultTable, faultTables } from './fault-tables.ts';
import { raisedElsewhere } from './raised-elsewhere.ts';
import { badInput, peerFaults, type Situation } from './situations.ts';

/** The generated part of docs/guides/errors.md, and what keeps it from being complete. */
export interface ErrorsGuide {
  markdown: string;
  problems: string[];
}

interface Statuses {
  kinds: Readonly<Record<string, { grpcName: string; http: number; title: string }>>;
  /** The HTTP status of a reason; most follow their kind. */
  httpOf(entry: FaultEntry, reason: string): number;
}

const titles: Readonly<Record<string, string>> = {
  edda: 'Shared by every service',
  'njordr.edda': 'Njörðr',
  'heidrun.edda': 'Heidrun',
  'eikthyrnir.edda': 'Eikthyrnir',
  'nornen.edda': 'Nornen',
  'vedrfolnir.edda': 'Vedrfölnir, the agent',
  'pg-kit.edda': 'Database',
};

/** Every reason the code can raise, with its statuses, meaning, remedy and where it comes from. */
export async function errorsGuide(root: string): Promise<ErrorsGuide> {
  const tables = await faultTables(root);
  const methods = contractReasons(root);
  const statuses = await statusesOf(root);
  const problems: string[] = [];
  const domains = [...new Set([...Object.keys(titles), ...tables.map(({ domain }) => domain)])];
  const sections = domains.flatMap((domain) => {
    const rows = tables
      .filter((table) => table.domain === domain)
      .flatMap((table) => [...table.entries].map(([reason, entry]) => describe(reason, entry, table)));
    return rows.length === 0 ? [] : [`## ${titles[domain] ?? domain} (domain \`${domain}\`)`, ...rows];
  });
  const markdown = [
    '## Kinds',
    kindsTable(statuses),
    '## Bad input',
    situationsTable(badInput),
    '## Faults of peers and machines',
    situationsTable(peerFaults),
    ...sections,
    ...reserved(tables, methods),
  ].join('\n\n');
  return { markdown, problems };

  function describe(reason: string, entry: FaultEntry, { domain, file }: FaultTable): string {
    const where = raisedElsewhere[`${domain} ${reason}`] ?? raisedBy(reason, domain, methods).join(', ');
    if (where === '') {
      problems.push(
        `${file}: ${reason} is raised by nothing known: name it in the comment of the RPCs in proto/ that answer it, ` +
          'or in tools/src/errors-guide/raised-elsewhere.ts',
      );
    }
    const status = statuses.kinds[entry.kind]?.grpcName ?? entry.kind;
    return [
      `### ${reason}`,
      `\`${status}\`, HTTP ${statuses.httpOf(entry, reason)}. ${entry.meaning}`,
      `- **What to do:** ${entry.remedy}\n- **Raised by:** ${where}`,
    ].join('\n\n');
  }

  function situationsTable(situations: readonly Situation[]): string {
    const known = new Set(tables.flatMap(({ entries }) => [...entries.keys()]));
    const rows = situations.map(({ what, reasons, then }) => {
      for (const reason of reasons) if (!known.has(reason)) problems.push(`situations.ts: no reason ${reason}`);
      return [what, reasons.length === 0 ? 'none' : reasons.map((reason) => `\`${reason}\``).join(', '), then];
    });
    return markdownTable(['what', 'reason', 'and then'], rows);
  }
}

async function statusesOf(root: string): Promise<Statuses> {
  // Imported by computed paths: the tools are everyone's dependency and so must not depend on a package.
  const faults = (await load(root, 'libs/faults/src/index.ts')) as {
    faultKinds: Statuses['kinds'];
    Fault: new (kind: string, reason: string, message: string) => Error;
  };
  const edge = (await load(root, 'apps/njordr/src/edge/http/error-answer.ts')) as { statusOf(fault: Error): number };
  return {
    kinds: faults.faultKinds,
    httpOf: ({ kind }, reason) => edge.statusOf(new faults.Fault(kind, reason, '')),
  };
}

const load = (root: string, file: string): Promise<unknown> =>
  import(/* @vite-ignore */ pathToFileURL(join(root, file)).href);

/** A service answers its own reasons, the shared ones, and Njörðr also Heidrun's, which it passes on. */
function raisedBy(reason: string, domain: string, methods: readonly ContractMethod[]): string[] {
  return methods
    .filter(({ reasons }) => reasons.has(reason))
    .filter(({ service }) => {
      if (!['njordr.edda', 'heidrun.edda', 'eikthyrnir.edda', 'nornen.edda'].includes(domain)) return true;
      return domain === `${service}.edda` || (domain === 'heidrun.edda' && service === 'njordr');
    })
    .map(({ name }) => name)
    .filter((name, index, names) => names.indexOf(name) === index);
}

function kindsTable({ kinds }: Statuses): string {
  const rows = Object.entries(kinds).map(([kind, { grpcName, http, title }]) => [kind, grpcName, String(http), title]);
  return markdownTable(['kind', 'gRPC status', 'HTTP', 'title of the problem document'], rows);
}

/** Reasons the contract names already and nothing raises yet. */
function reserved(tables: readonly FaultTable[], methods: readonly ContractMethod[]): string[] {
  const known = new Set(tables.flatMap(({ entries }) => [...entries.keys()]));
  const names = [...new Set(methods.flatMap(({ reasons }) => [...reasons]))].filter((name) => !known.has(name)).sort();
  if (names.length === 0) return [];
  const rows = names.map((reason) => [
    `\`${reason}\``,
    [...new Set(methods.filter(({ reasons }) => reasons.has(reason)).map(({ name }) => name))].join(', '),
  ]);
  return ['## Named by the contract, raised by nothing in this version', markdownTable(['reason', 'RPCs'], rows)];
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '/')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
