import { type nornen, type settings as contract } from '@edda/contracts';
import { type FieldViolation, invalidInput } from '@edda/faults';
import { parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { nornenFaults } from '../faults.ts';
import { fields } from '../fields.ts';
import { isServiceName, type ServiceName, serviceNames } from './service-names.ts';

/** A change of one service's settings. */
export interface Push {
  service: ServiceName;
  changes: contract.SettingChange[];
  expectedVersion: bigint | undefined;
}

export interface ParsedPush {
  idempotencyKey: string;
  reason: string;
  validateOnly: boolean;
  pushes: Push[];
}

/** What the changes may hold is for each service to say. */
const change = z.object({ path: z.string(), valueJson: z.string().optional() });
const changes = z.array(change).max(200, 'has at most 200 changes');
const expectedVersion = z.bigint().min(0n, 'must not be negative').optional();
const push = z.object({
  service: z.string().min(1, 'is required'),
  changes: changes.min(1, 'needs at least one change'),
  expectedVersion,
});

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  reason: fields.text(500).refine((value) => value.trim() !== '', 'is required'),
  validateOnly: z.boolean(),
  service: z.string(),
  changes,
  expectedVersion,
  pushes: z.array(push).max(serviceNames.length, `has at most ${serviceNames.length} services`),
});

/** @throws INVALID_INPUT naming every wrong field; SERVICE_UNKNOWN */
export function parsePush(request: nornen.PushSettingsRequest): ParsedPush {
  const { idempotencyKey, reason, validateOnly, ...parsed } = parseWith(schema, request);
  const several = parsed.pushes.length > 0;
  const violations = several ? notBoth(parsed) : single(parsed);
  const given = several ? parsed.pushes : [parsed];
  for (const [index, { service }] of given.entries()) {
    if (given.findIndex((other) => other.service === service) < index) {
      violations.push({ field: `pushes.${index}.service`, description: `names ${service} twice` });
    }
  }
  if (violations.length > 0) throw invalidInput(violations);
  const pushes = given.map(({ service, ...rest }): Push => {
    if (!isServiceName(service)) {
      throw nornenFaults.SERVICE_UNKNOWN(`There is no service ${JSON.stringify(service.slice(0, 50))}.`);
    }
    return {
      service,
      changes: rest.changes.map(({ path, valueJson }) => ({ path, valueJson })),
      expectedVersion: rest.expectedVersion,
    };
  });
  return { idempotencyKey, reason, validateOnly, pushes };
}

type OneService = Pick<nornen.PushSettingsRequest, 'service'> & {
  changes: readonly unknown[];
  expectedVersion?: bigint | undefined;
};

function single({ service, changes: given }: OneService): FieldViolation[] {
  return [
    ...(service === '' ? [{ field: 'service', description: 'is required, unless pushes name services' }] : []),
    ...(given.length === 0 ? [{ field: 'changes', description: 'needs at least one change' }] : []),
  ];
}

function notBoth({ service, changes: given, expectedVersion: version }: OneService): FieldViolation[] {
  const description = 'must be left out when pushes are given';
  return [
    ...(service === '' ? [] : [{ field: 'service', description }]),
    ...(given.length === 0 ? [] : [{ field: 'changes', description }]),
    ...(version === undefined ? [] : [{ field: 'expected_version', description }]),
  ];
}
