import { type World } from '../world/open-world.ts';
import { readBills } from './bill.ts';
import { whoPaysProblems } from './who-pays.ts';

/** Every transaction ended as domain.md's table says: who pays, who earns, at which price, in which state. */
export async function verifyWhoPays(world: Pick<World, 'databases'>): Promise<string[]> {
  return (await readBills(world)).flatMap(whoPaysProblems);
}
