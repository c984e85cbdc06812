export { createFakeClock, type FakeClock } from './create-fake-clock.ts';
export { createTestDatabases, type TestDatabase, type TestDatabasesOptions } from './create-test-databases.ts';
export { freePort } from '@edda/pg-kit';
export { prismaSchemaDrift, type DriftOptions } from './prisma-schema-drift.ts';
export { type RedisServer, startRedisServer } from './redis-server.ts';
export { silentLogger } from './silent-logger.ts';
export { startTcpProxy, type TcpProxy } from './start-tcp-proxy.ts';
export { waitFor } from './wait-for.ts';
