/** One generated method, as far as it is called here. */
interface Definition {
  readonly path: string;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
}
type Service = Readonly<Record<string, Definition>>;

/** A method of the contract with the service it belongs to. */
export interface ContractMethod {
  service: Service;
  /** Its name in a client: `capturePreAuth`. */
  name: string;
  /** A request with no field set. */
  empty: unknown;
}

/**
 * Finds a method by its name in the list of mutations (`heidrun.v1.PreAuthService/CapturePreAuth`).
 * @param packages the contract's namespaces to look in
 * @throws Error when there is none
 */
export function contractMethod(packages: readonly object[], mutation: string): ContractMethod {
  for (const service of packages.flatMap((contents) => Object.values(contents).filter(isService))) {
    const found = Object.entries(service).find(([, { path }]) => path === `/edda.${mutation}`);
    if (found) return { service, name: found[0], empty: found[1].requestDeserialize(Buffer.alloc(0)) };
  }
  throw new Error(`the contract has no method ${mutation}`);
}

function isService(value: unknown): value is Service {
  if (typeof value !== 'object' || value === null) return false;
  const [first] = Object.values(value) as unknown[];
  return typeof first === 'object' && first !== null && 'path' in first && 'requestDeserialize' in first;
}
