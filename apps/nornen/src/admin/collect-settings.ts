import { type nornen } from '@edda/contracts';
import { asFault, type FieldViolation, invalidInput } from '@edda/faults';
import { type CallContext } from '@edda/grpc-kit';
import { type AdminDeps, roundMs } from './admin-deps.ts';
import { isServiceName, type ServiceName, serviceNames } from './service-names.ts';

/** CollectSettings: every service asked at once; one that does not answer is reported with its reason. */
export function collectSettings(deps: AdminDeps) {
  return async (request: nornen.CollectSettingsRequest, call: CallContext): Promise<nornen.CollectSettingsResponse> => {
    const wanted = wantedServices(request.services);
    const deadlineMs = roundMs(deps, call, 0.8);
    const settingsOf = async (service: ServiceName): Promise<nornen.ServiceSettings> => {
      try {
        const answer = await deps.access[service].getSettings({ pathPrefix: '' }, { call, deadlineMs });
        const { snapshot, jsonSchema } = answer;
        return { service, snapshot, jsonSchema, errorReason: '', errorMessage: '' };
      } catch (error) {
        const { reason, message } = asFault(error);
        return { service, snapshot: undefined, jsonSchema: '', errorReason: reason, errorMessage: message };
      }
    };
    return { services: await Promise.all(wanted.map(settingsOf)) };
  };
}

/** @throws INVALID_INPUT naming every wrong entry */
function wantedServices(given: readonly string[]): readonly ServiceName[] {
  if (given.length === 0) return serviceNames;
  if (given.length > serviceNames.length) {
    throw invalidInput([{ field: 'services', description: `has at most ${serviceNames.length} services` }]);
  }
  const violations: FieldViolation[] = given.flatMap((name, index) => {
    const field = `services.${index}`;
    if (!isServiceName(name)) return [{ field, description: `must be one of ${serviceNames.join(', ')}` }];
    return given.indexOf(name) < index ? [{ field, description: `names ${name} twice` }] : [];
  });
  if (violations.length > 0) throw invalidInput(violations);
  return given.filter(isServiceName);
}
