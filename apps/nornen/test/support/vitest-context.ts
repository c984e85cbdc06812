// Brings the declaration of what the PostgreSQL set-up provides to the type check.
import type {} from '@edda/testing/postgres-setup';
import type {} from '@edda/testing/redis-setup';
