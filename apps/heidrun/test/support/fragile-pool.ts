import { type Pool, type PoolClient } from 'pg';

/** A pool one of whose commits takes effect while the connection breaks before the answer comes. */
export function createFragilePool() {
  let armed = false;
  const query = async (client: PoolClient, args: [string]): Promise<unknown> => {
    const answer = await client.query(...args);
    if (args[0] !== 'COMMIT' || !armed) return answer;
    armed = false;
    throw new Error('Connection terminated unexpectedly');
  };
  const replaced = <T extends object>(target: T, name: string, value: unknown): T =>
    new Proxy(target, {
      get(_, asked) {
        if (asked === name) return value;
        const own: unknown = Reflect.get(target, asked);
        return typeof own === 'function' ? (own.bind(target) as unknown) : own;
      },
    });
  const wrap = (pool: Pool): Pool =>
    replaced(pool, 'connect', async () => {
      const client = await pool.connect();
      return replaced(client, 'query', (...args: [string]) => query(client, args));
    });
  return { wrap, loseNextCommit: () => void (armed = true) };
}
