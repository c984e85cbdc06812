interface Closable {
  close(): void;
}

/**
 * The client of an address that may change, made when it is first asked for. A former client is closed only when the
 * address changes again, so that calls over it can finish.
 */
export function followAddress<Client extends Closable>(
  address: () => string,
  connect: (address: string) => Client,
): { client: () => Client; close: () => void } {
  let present: { address: string; client: Client } | undefined;
  let former: Client | undefined;
  return {
    client() {
      const wanted = address();
      if (present?.address !== wanted) {
        former?.close();
        former = present?.client;
        present = { address: wanted, client: connect(wanted) };
      }
      return present.client;
    },
    close() {
      former?.close();
      present?.client.close();
    },
  };
}
