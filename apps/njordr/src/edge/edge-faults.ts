import { defineFaults } from '@edda/faults';

/** What only HTTP can get wrong. */
export const edgeFaults = defineFaults('njordr', {
  ROUTE_UNKNOWN: {
    kind: 'not-found',
    meaning: 'There is nothing at this path, or not with this method.',
    remedy: 'See /docs for what there is.',
  },
  CONTENT_TYPE_UNSUPPORTED: {
    kind: 'invalid',
    meaning: 'The body has a content type that this path does not read.',
    remedy: 'Send JSON with content-type: application/json.',
  },
  ANSWER_TOO_LARGE: {
    kind: 'precondition',
    meaning:
      'The answer is larger than what is collected for a request that does not stream; it was cut off and billed.',
    remedy: 'Ask with "stream": true, or set a smaller max_tokens.',
  },
  ANSWER_NOT_KEPT: {
    kind: 'precondition',
    meaning: 'This key’s request was answered before, and its answer is no longer kept.',
    remedy: 'Read the receipt by the request’s id in the metadata, or use a new key to ask again.',
  },
});
