import { commonFaults, Fault, invalidInput } from '@edda/faults';
import { edgeFaults } from '../edge-faults.ts';

/** What fastify itself refuses, as a fault; other errors stay as they are, for the log. */
export function toFault(error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error;
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  switch (code) {
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return commonFaults.BODY_MALFORMED('The body is not valid JSON.');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return commonFaults.BODY_TOO_LARGE('The body is larger than this market accepts.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return edgeFaults.CONTENT_TYPE_UNSUPPORTED('The body must be JSON with content-type: application/json.');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return invalidInput([{ field: 'path', description: 'is not a valid path of this market' }]);
    default:
      // The JSON parser's own errors (also: a forbidden __proto__ key) come without a code.
      if (error instanceof SyntaxError && statusCode === 400) {
        return commonFaults.BODY_MALFORMED('The body is not valid JSON.');
      }
      return error;
  }
}
