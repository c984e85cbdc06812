import { projectConfig } from '@edda/tools/vitest-config';

export default projectConfig(import.meta.dirname, {
  globalSetup: ['@edda/testing/postgres-setup', '@edda/testing/redis-setup'],
});
