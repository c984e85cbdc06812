import { mkdtempSync, rmSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Anchor } from './anchor.ts';
import { createFileAnchorStore } from './file-anchor-store.ts';
import { createUrlAnchorStore } from './url-anchor-store.ts';

const anchorOf = (sequence: number, service = 'heidrun'): Anchor => ({
  service,
  sequence: BigInt(sequence),
  hash: 'ab'.repeat(32),
  anchoredAt: new Date('2026-03-01T12:00:00.000Z'),
});
const { signal } = new AbortController();

describe('anchors in a file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'edda-anchor-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps one line each, and answers a service its newest', async () => {
    const path = join(folder, 'anchors.jsonl');
    const store = createFileAnchorStore(path);
    expect(await store.newest('heidrun', signal)).toBeUndefined();
    for (const anchor of [anchorOf(1), anchorOf(7), anchorOf(3, 'njordr')]) await store.append(anchor, signal);
    expect(await store.newest('heidrun', signal)).toEqual(anchorOf(7));
    expect(await store.newest('nornen', signal)).toBeUndefined();
    expect((await readFile(path, 'utf8')).split('\n')[1]).toBe(
      `{"service":"heidrun","sequence":7,"hash":"${'ab'.repeat(32)}","anchored_at":"2026-03-01T12:00:00.000Z"}`,
    );
  });

  it('a line cut short by a crash is passed over and spoils no later one', async () => {
    const path = join(folder, 'anchors.jsonl');
    const store = createFileAnchorStore(path);
    await store.append(anchorOf(1), signal);
    await appendFile(path, '{"service":"heidrun","seq');
    expect(await store.newest('heidrun', signal)).toEqual(anchorOf(1));
    await store.append(anchorOf(2), signal);
    expect(await store.newest('heidrun', signal)).toEqual(anchorOf(2));
  });

  it('a folder that does not exist is an error, not silence', async () => {
    const store = createFileAnchorStore(join(folder, 'missing/anchors.jsonl'));
    await expect(store.append(anchorOf(1), signal)).rejects.toThrow('ENOENT');
  });
});

describe('anchors at a URL', () => {
  let server: Server;
  let url: string;
  let statuses: number[];
  const seen: string[] = [];
  const kept = new Map<string, string>();
  beforeEach(async () => {
    seen.length = 0;
    kept.clear();
    statuses = [];
    server = createServer((request, response) => {
      void (async () => {
        let body = '';
        for await (const part of request) body += String(part);
        seen.push(`${request.method} ${request.url} ${String(request.headers['idempotency-key'] ?? '')}`.trimEnd());
        const status = statuses.shift();
        if (status !== undefined) return response.writeHead(status).end();
        if (request.method === 'POST') {
          kept.set((JSON.parse(body) as { service: string }).service, body);
          return response.writeHead(201).end();
        }
        const service = new URL(request.url ?? '', 'http://x').searchParams.get('service') ?? '';
        const found = kept.get(service);
        return found === undefined ? response.writeHead(404).end() : response.end(found);
      })();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/anchors?tenant=a`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('posts with a key of its own, and reads the newest back', async () => {
    const store = createUrlAnchorStore({ url });
    expect(await store.newest('heidrun', signal)).toBeUndefined();
    await store.append(anchorOf(7), signal);
    expect(await store.newest('heidrun', signal)).toEqual(anchorOf(7));
    expect(seen).toEqual([
      'GET /anchors?tenant=a&service=heidrun',
      'POST /anchors?tenant=a heidrun-7',
      'GET /anchors?tenant=a&service=heidrun',
    ]);
  });

  it('repeats what may pass with the same key, a bounded number of times', async () => {
    const store = createUrlAnchorStore({ url, backoffMs: 1 });
    statuses = [503, 429];
    await store.append(anchorOf(1), signal);
    expect(seen).toEqual(Array.from({ length: 3 }, () => 'POST /anchors?tenant=a heidrun-1'));
    statuses = [500, 500, 500];
    await expect(store.append(anchorOf(2), signal)).rejects.toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE' });
    expect(seen).toHaveLength(6);
  });

  it('does not repeat a refusal, follow a redirect or take an answer that is none', async () => {
    const store = createUrlAnchorStore({ url, attempts: 1 });
    statuses = [403];
    await expect(store.append(anchorOf(1), signal)).rejects.toThrow('answered 403');
    kept.set('heidrun', 'x'.repeat(100_000));
    await expect(store.newest('heidrun', signal)).rejects.toThrow('too long');
    kept.set('heidrun', '{}');
    await expect(store.newest('heidrun', signal)).rejects.toThrow('no anchor');
  });
});
