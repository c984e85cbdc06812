import { readFileSync } from 'node:fs';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';

/** Files in PEM. */
export interface ServerTls {
  certFile: string;
  keyFile: string;
  /** Who may sign client certificates; with it, every client must show one (mTLS). */
  caFile?: string;
}

/** Files in PEM. */
export interface ClientTls {
  /** Who signs the server's certificate; the system's authorities by default. */
  caFile?: string;
  /** This client's certificate and key, both or none (mTLS). */
  certFile?: string;
  keyFile?: string;
}

/** @throws Error when a file cannot be read or does not parse */
export function serverCredentials(tls: ServerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const ca = tls.caFile === undefined ? null : readFileSync(tls.caFile);
  const pair = { private_key: readFileSync(tls.keyFile), cert_chain: readFileSync(tls.certFile) };
  return ServerCredentials.createSsl(ca, [pair], ca !== null);
}

/** @throws Error when a file cannot be read or does not parse */
export function channelCredentials(tls: ClientTls | undefined): ChannelCredentials {
  if (tls === undefined) return ChannelCredentials.createInsecure();
  const read = (file: string | undefined) => (file === undefined ? null : readFileSync(file));
  return ChannelCredentials.createSsl(read(tls.caFile), read(tls.keyFile), read(tls.certFile));
}

/** Whether only this machine can reach a server that listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
