/** HTTP/2 frames as RFC 9113 defines them: the few that a load driver writes and reads. */
export const frameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
} as const;
export const flag = { ack: 1, endStream: 1, endHeaders: 4 } as const;
export const frameHeaderBytes = 9;

/** What a client opens a connection with: preface, settings, and a connection window that never fills. */
export function connectionPreface(): Buffer {
  const settings = Buffer.alloc(12);
  // HEADER_TABLE_SIZE 0: every answer's trailers then read alike, so that they can be compared byte by byte.
  settings.writeUInt16BE(1, 0);
  settings.writeUInt16BE(2, 6); // ENABLE_PUSH 0
  const window = Buffer.alloc(4);
  window.writeUInt32BE(0x7fff_ffff - 65_535);
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
    frame(frameType.settings, 0, 0, settings),
    frame(frameType.windowUpdate, 0, 0, window),
  ]);
}

export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(frameHeaderBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A gRPC message, uncompressed, with its five bytes in front. */
export function grpcMessage(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Header blocks (HPACK, RFC 7541) of one connection: the first teaches the peer the headers, the others refer to them. */
export function headerBlocks(headers: readonly (readonly [string, string])[]): { first: Buffer; next: Buffer } {
  // Entries of the dynamic table start at 62, the newest first.
  const next = headers.map((_, at) => 0x80 | (62 + headers.length - 1 - at));
  return { first: Buffer.concat(headers.map(([name, value]) => literal(name, value))), next: Buffer.from(next) };
}

/** Literal with incremental indexing, new name, no Huffman coding. */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x40), text(name), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const length = [Math.min(bytes.length, 127)];
  if (bytes.length >= 127) {
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) length.push(0x80 | (rest & 0x7f));
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** Calls back with every whole frame; what is left of the chunk waits for the next one. */
export function frameReader(onFrame: (type: number, flags: number, stream: number, payload: Buffer) => void) {
  let rest: Buffer | undefined;
  return (chunk: Buffer): void => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= frameHeaderBytes) {
      const end = at + frameHeaderBytes + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const stream = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
      onFrame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, stream, bytes.subarray(at + frameHeaderBytes, end));
      at = end;
    }
    rest = at === bytes.length ? undefined : bytes.subarray(at);
  };
}
