import { defineFaults } from '@edda/faults';

/** Why a calculation is refused; nothing is ever wrapped, clamped or rounded into range instead. */
export const moneyFaults = defineFaults('', {
  TOKEN_COUNT_OUT_OF_RANGE: {
    kind: 'invalid',
    meaning: 'A token count is negative or above 10^12.',
    remedy: 'Send a count from 0 to 10^12.',
  },
  PRICE_OUT_OF_RANGE: {
    kind: 'invalid',
    meaning: 'A price is negative or above 10^9 cents, or its unit is not 1 to 10^12 tokens.',
    remedy: 'Set a price within these bounds.',
  },
  AMOUNT_OUT_OF_RANGE: {
    kind: 'invalid',
    meaning: 'An amount of money is negative, or zero where something has to move.',
    remedy: 'Send a positive amount in whole cents.',
  },
  AMOUNT_OVERFLOW: {
    kind: 'invalid',
    meaning: 'The result does not fit a 64-bit amount of cents.',
    remedy: 'Lower the price or the token count, or split the request.',
  },
  TOKEN_SPLIT_REQUIRED: {
    kind: 'invalid',
    meaning: 'Input and output are priced differently, but only a total count was given.',
    remedy: 'Send input and output tokens separately.',
  },
  COMMISSION_RATE_OUT_OF_RANGE: {
    kind: 'invalid',
    meaning: 'The commission is not 1,000 to 1,500 basis points.',
    remedy: 'Use a rate from 10 % to 15 %.',
  },
  COMMISSION_CARRY_OUT_OF_RANGE: {
    kind: 'internal',
    meaning: 'A provider’s stored commission remainder is not 0 to 9,999.',
    remedy: 'Verify the ledger; the stored remainder is damaged.',
  },
  EARNINGS_NOT_ATTRIBUTABLE: {
    kind: 'internal',
    meaning: 'There are earnings, but no leg that cost anything to attribute them to.',
    remedy: 'Verify the capture; its legs do not explain its amount.',
  },
  REFUND_EXCEEDS_CAPTURED: {
    kind: 'precondition',
    meaning: 'The refunds together would give back more than was captured.',
    remedy: 'Refund at most what is left; the message names it.',
  },
  REFUND_HISTORY_INCONSISTENT: {
    kind: 'internal',
    meaning: 'The parts recorded for a capture or its earlier refunds do not add up.',
    remedy: 'Verify the ledger before refunding.',
  },
  CURRENCY_UNKNOWN: {
    kind: 'invalid',
    meaning: 'The currency is not a three-letter ISO 4217 code.',
    remedy: 'Use a code such as EUR.',
  },
  JSON_INTEGER_OVERFLOW: {
    kind: 'invalid',
    meaning: 'An integer is beyond 2^53 − 1 and would lose digits in JSON.',
    remedy: 'Ask for a smaller range, or use the gRPC interface.',
  },
});
