export interface PgMessage {
  /** One letter, as PostgreSQL's protocol has it. */
  type: string;
  body: Buffer;
}

/** Cuts one direction of a PostgreSQL connection into messages. A client's first one has no type letter. */
export function createMessageCutter({ startup }: { startup: boolean }): (chunk: Buffer) => PgMessage[] {
  let rest: Buffer = Buffer.alloc(0);
  let untyped = startup;
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const messages: PgMessage[] = [];
    for (;;) {
      const letter = untyped ? 0 : 1;
      if (rest.length < letter + 4) return messages;
      const length = letter + rest.readUInt32BE(letter);
      if (rest.length < length) return messages;
      messages.push({
        type: untyped ? '' : String.fromCharCode(rest[0] ?? 0),
        body: rest.subarray(letter + 4, length),
      });
      untyped = false;
      rest = rest.subarray(length);
    }
  };
}
