import { checkKey, checkTake } from './bounds.ts';
import { type LocalLimits } from './local-limits.ts';
import { type RedisConnection } from './redis-connection.ts';
import { type RateDecision, type RateLimit, type RateLimits } from './redis-kit.ts';
import { decisionOf } from './token-bucket.ts';

/** Redis' own clock decides, so that replicas whose clocks differ agree. Levels are kept with six decimals. */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local max, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local state = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = max
if state[1] then level = math.min(max, tonumber(state[1]) + math.max(0, now - tonumber(state[2])) * max / window) end
if level + 0.000002 < cost then return { 0, string.format('%.6f', level) } end
level = string.format('%.6f', math.max(0, level - cost))
redis.call('HSET', KEYS[1], 'level', level, 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], window)
return { 1, level }`;

/** Counts over all replicas in Redis, and for itself while that is away. */
export function createRedisLimits(connection: RedisConnection, prefix: string, local: LocalLimits): RateLimits {
  connection.client.defineCommand('eddaTake', { numberOfKeys: 1, lua: TAKE });

  async function takeShared(key: string, limit: RateLimit, cost: number): Promise<RateDecision | undefined> {
    const answer = await connection.ask((client) =>
      (client as unknown as { eddaTake: Take }).eddaTake(
        `${prefix}limit:${key}`,
        limit.max,
        Math.ceil(limit.windowMs),
        cost,
      ),
    );
    if (answer === undefined) return undefined;
    return decisionOf(answer[0] === 1, Number(answer[1]), limit, cost);
  }
  return {
    async take(key, limit, cost = 1) {
      checkKey(key);
      checkTake(limit, cost);
      // What this replica alone has counted can only be less than all have: its refusal needs no question, and its
      // count goes on from the truth when Redis is lost.
      const own = local.take(key, limit, cost);
      if (!own.allowed) return own;
      const shared = await takeShared(key, limit, cost);
      if (shared === undefined) return own;
      if (!shared.allowed) local.giveBack(key, limit, cost);
      return shared;
    },
  };
}

type Take = (key: string, max: number, windowMs: number, cost: number) => Promise<[number, string]>;
