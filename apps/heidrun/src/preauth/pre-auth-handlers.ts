import { type heidrun } from '@edda/contracts';
import { type Handlers } from '@edda/grpc-kit';
import { createCancelPreAuth } from './cancel-pre-auth.ts';
import { createCapturePreAuth } from './capture-pre-auth.ts';
import { createGetPreAuth } from './get-pre-auth.ts';
import { createListPreAuths } from './list-pre-auths.ts';
import { type PreAuthDeps } from './pre-auth-deps.ts';
import { createPreAuthorize } from './pre-authorize.ts';

/** PreAuthService. */
export function createPreAuthHandlers(deps: PreAuthDeps): Handlers<typeof heidrun.PreAuthServiceService> {
  return {
    preAuthorize: createPreAuthorize(deps),
    capturePreAuth: createCapturePreAuth(deps),
    cancelPreAuth: createCancelPreAuth(deps),
    getPreAuth: createGetPreAuth(deps),
    listPreAuths: createListPreAuths(deps),
  };
}
