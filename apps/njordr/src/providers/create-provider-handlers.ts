import { njordr } from '@edda/contracts';
import { type HandlerOf, type RulesTable } from '@edda/grpc-kit';
import { createGetProvider } from './get-provider.ts';
import { createListProviders } from './list-providers.ts';
import { type ProviderDeps } from './provider-deps.ts';
import { createRegisterProvider } from './register-provider.ts';
import { createSetProviderAvailability } from './set-provider-availability.ts';
import { createUnregisterProvider } from './unregister-provider.ts';
import { createUpdateProvider } from './update-provider.ts';

type Service = typeof njordr.ProviderServiceService;

/** All RPCs of ProviderService; the HTTP edge calls the same functions. */
export type ProviderHandlers = { readonly [Name in keyof Service]: HandlerOf<Service[Name]> };

export function createProviderHandlers(deps: ProviderDeps): ProviderHandlers {
  return {
    registerProvider: createRegisterProvider(deps),
    getProvider: createGetProvider(deps),
    listProviders: createListProviders(deps),
    updateProvider: createUpdateProvider(deps),
    unregisterProvider: createUnregisterProvider(deps),
    setProviderAvailability: createSetProviderAvailability(deps),
  };
}

const service: Service = njordr.ProviderServiceService;

/** Rows of the rules table for ProviderService; services act for an owner with edda-act-as. */
export const providerRules: RulesTable = {
  [service.registerProvider.path]: { roles: ['user', 'provider'] },
  [service.getProvider.path]: { roles: ['user', 'provider', 'service', 'admin'] },
  [service.listProviders.path]: { roles: ['user', 'provider', 'service', 'admin'] },
  [service.updateProvider.path]: { roles: ['user', 'provider', 'admin'] },
  [service.unregisterProvider.path]: { roles: ['user', 'provider', 'admin'] },
  [service.setProviderAvailability.path]: { roles: ['user', 'provider'] },
};
