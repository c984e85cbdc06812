import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataFolder, replaceFile } from '../data/data-folder.ts';
import { type ServiceName } from './market-mode.ts';

/** `host:port` of each service's gRPC interface. */
export type MarketAddresses = Readonly<Record<ServiceName, string>>;

/** Settings files of services that call others which start after them. */
export interface LaterPeers {
  readonly nornen: string;
  readonly eikthyrnir: string;
  /** Names the addresses; services that run take them from their file as they would any change. */
  write(addresses: MarketAddresses): Promise<void>;
}

const mode = 0o644;

/**
 * Makes the files. @param planned where the services are to listen; port 0, where nobody ever does, stands for one
 * that is not known yet
 */
export async function openLaterPeers(folder: DataFolder, planned: MarketAddresses): Promise<LaterPeers> {
  const directory = join(folder.root, 'peers');
  await mkdir(directory, { recursive: true });
  const files = { nornen: join(directory, 'nornen.json'), eikthyrnir: join(directory, 'eikthyrnir.json') };
  const write = async ({ njordr, heidrun, eikthyrnir }: MarketAddresses) => {
    const put = (file: string, peers: object) => replaceFile(file, `${JSON.stringify({ peers }, null, 2)}\n`, mode);
    await Promise.all([put(files.nornen, { njordr, heidrun, eikthyrnir }), put(files.eikthyrnir, { njordr })]);
  };
  await write(planned);
  return { ...files, write };
}
