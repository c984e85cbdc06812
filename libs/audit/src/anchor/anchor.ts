import { z } from 'zod';

/** A position of a service's chain, written down where whoever can change the database cannot. */
export interface Anchor {
  service: string;
  /** 1 and up. */
  sequence: bigint;
  /** Hash of the record there, 64 hex digits. */
  hash: string;
  anchoredAt: Date;
}

/** A place off-site that keeps anchors. */
export interface AnchorStore {
  /** For logs: `file …` or `url …`. */
  readonly name: string;
  /** Keeps an anchor for good; the same one again does no harm. Rejects when it is not known to be kept. */
  append(anchor: Anchor, signal: AbortSignal): Promise<void>;
  /** A service's newest anchor; undefined when it has none. Rejects when it cannot be known. */
  newest(service: string, signal: AbortSignal): Promise<Anchor | undefined>;
}

const schema = z.object({
  service: z.string().min(1),
  sequence: z.int().positive(),
  hash: z.string().regex(/^[\da-f]{64}$/),
  anchored_at: z.iso.datetime(),
});

/** `{"service":"heidrun","sequence":42,"hash":"…","anchored_at":"2026-03-01T12:00:00.000Z"}` */
export function anchorToJson({ service, sequence, hash, anchoredAt }: Anchor): string {
  return JSON.stringify({ service, sequence: Number(sequence), hash, anchored_at: anchoredAt.toISOString() });
}

/** The anchor a text holds, or undefined for anything else: a line half written when the power failed, say. */
export function anchorFromJson(text: string): Anchor | undefined {
  try {
    const { service, sequence, hash, anchored_at } = schema.parse(JSON.parse(text));
    return { service, sequence: BigInt(sequence), hash, anchoredAt: new Date(anchored_at) };
  } catch {
    return undefined;
  }
}
