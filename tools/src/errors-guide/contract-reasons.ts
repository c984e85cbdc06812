import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the contract says about one RPC. */
export interface ContractMethod {
  /** `njordr`, `heidrun`, …; `settings` and `audit` are served by every service. */
  service: string;
  /** `ComputeService.CreateRequest`. */
  name: string;
  /** The reasons its comment lists. */
  reasons: ReadonlySet<string>;
}

/** Reads the `Reasons:` of every RPC's comment in `proto/`, with references to other RPCs' reasons resolved. */
export function contractReasons(root: string): ContractMethod[] {
  const comments = new Map<string, { service: string; name: string; text: string }>();
  for (const file of globSync('proto/edda/*/v1/*.proto', { cwd: root }).sort()) {
    let [owner, service, comment] = ['', '', ''];
    for (const line of readFileSync(join(root, file), 'utf8').split('\n')) {
      const text = line.trim();
      owner = /^package edda\.(\w+)\./.exec(text)?.[1] ?? owner;
      service = /^service (\w+)/.exec(text)?.[1] ?? service;
      const method = /^rpc (\w+)/.exec(text)?.[1];
      if (method !== undefined) {
        const name = `${service}.${method}`;
        comments.set(`${owner}.${name}`, { service: owner, name, text: reasonsPart(comment) });
      }
      if (text.startsWith('// buf:')) continue;
      comment = text.startsWith('//') ? `${comment} ${text.slice(2).trim()}` : '';
    }
  }
  return [...comments.values()].map(({ service, name, text }) => ({
    service,
    name,
    reasons: resolve(text, (wanted) =>
      [...comments.values()].find((other) => other.name === wanted || other.name.endsWith(`.${wanted}`)),
    ),
  }));
}

const reasonsPart = (comment: string): string => /Reasons?: (.*)$/.exec(comment)?.[1] ?? '';

/** `A, B (why), those of Other but C, and D`: names in parentheses are explanations, not reasons. */
function resolve(text: string, find: (method: string) => { text: string } | undefined): Set<string> {
  const plain = text.replace(/\([^)]*\)/g, '').replace(/[^.;]*appear as reason_code[^.;]*/g, '');
  const reference = /those of (?:edda\.\w+\.v1\.)?([\w.]*\w)( but ((?:[A-Z_]{3,}(?:, )?)+))?/.exec(plain);
  const own = reference === null ? plain : plain.replace(reference[0], '');
  const reasons = new Set(own.match(/\b[A-Z][A-Z_]{3,}\b/g) ?? []);
  const other = reference === null ? undefined : find(reference[1] ?? '');
  if (other !== undefined) {
    for (const reason of resolve(other.text, find)) reasons.add(reason);
    for (const reason of reference?.[3]?.match(/[A-Z_]{3,}/g) ?? []) reasons.delete(reason);
  }
  return reasons;
}
