const headerBytes = 5;

/** Cuts a gRPC byte stream into its messages, each with its five-byte header. Whole ones only; the rest waits for more. */
export function createFrameCutter(): (chunk: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const frames: Buffer[] = [];
    while (rest.length >= headerBytes) {
      const length = headerBytes + rest.readUInt32BE(1);
      if (rest.length < length) break;
      frames.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    return frames;
  };
}

/** The message in a frame; the peers of this market do not compress. */
export const messageOf = (frame: Buffer): Buffer => frame.subarray(headerBytes);
