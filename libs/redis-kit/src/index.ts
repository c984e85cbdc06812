export { createInProcessKit, createInProcessServer, type InProcessServer } from './create-in-process-kit.ts';
export { createRedisKit, type RedisKitOptions } from './create-redis-kit.ts';
export { createLocalLimits, type LocalLimits } from './local-limits.ts';
export {
  type Bus,
  type RateDecision,
  type RateLimit,
  type RateLimits,
  type RedisKit,
  type SharedCache,
  type Subscriber,
} from './redis-kit.ts';
